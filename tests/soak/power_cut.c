/* Remembers what a sync had confirmed, and ends the process before its n-th sync, rename or removal.
 *
 * Loaded with LD_PRELOAD. Below `root`, a file's content is kept when the file is synced, and a folder's
 * names when the folder is synced, both by inode, in `shadow`. A hard link pins each inode, so that its
 * number is not given to another file. power_cut.py makes of it what a power cut leaves.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[2048], shadow[2048];
static long left;
static int counter = -1;
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void power_cut_begin(const char *of, const char *into, long at) {
    char path[4096];
    snprintf(root, sizeof root, "%s", of);
    snprintf(shadow, sizeof shadow, "%s", into);
    snprintf(path, sizeof path, "%s/events", shadow);
    counter = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    left = at;
}

static int inside(const char *path) {
    size_t length = strlen(root);
    return length && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static int where(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return inside(path);
}

static void event(void) {
    if (write(counter, ".", 1) != 1 || --left == 0) kill(getpid(), SIGKILL);
}

static void pin(const char *link, unsigned long inode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/pins/%lu", shadow, inode);
    linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static void keep_folder(int fd, unsigned long inode) {
    char path[4096], draft[4096], name[4096];
    struct stat found;
    snprintf(path, sizeof path, "%s/folders/%lu", shadow, inode);
    snprintf(draft, sizeof draft, "%s/draft", shadow);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    FILE *listing = fopen(draft, "w");
    DIR *folder = opendir(name);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW)) continue;
        fprintf(listing, "%lu %s %s\n", (unsigned long)found.st_ino,
                S_ISDIR(found.st_mode) ? "folder" : "file", entry->d_name);
        snprintf(name, sizeof name, "/proc/self/fd/%d/%s", fd, entry->d_name);
        if (S_ISREG(found.st_mode)) pin(name, found.st_ino);
    }
    if (folder) closedir(folder);
    fclose(listing);
    renameat2(AT_FDCWD, draft, AT_FDCWD, path, 0);
}

static void keep_file(int fd, unsigned long inode) {
    char path[4096], draft[4096], link[64], block[65536];
    snprintf(path, sizeof path, "%s/files/%lu", shadow, inode);
    snprintf(draft, sizeof draft, "%s/draft", shadow);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int from = open(link, O_RDONLY | O_CLOEXEC);
    int to = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (ssize_t size; (size = read(from, block, sizeof block)) > 0;)
        if (write(to, block, size) != size) break;
    close(from);
    close(to);
    renameat2(AT_FDCWD, draft, AT_FDCWD, path, 0);
    pin(link, inode);
}

static int sync_of(int fd) {
    char path[4096];
    struct stat found;
    if (!*root || !where(fd, path, sizeof path) || fstat(fd, &found)) return 0;
    pthread_mutex_lock(&mutex);
    event();
    if (S_ISDIR(found.st_mode)) keep_folder(fd, found.st_ino);
    else keep_file(fd, found.st_ino);
    pthread_mutex_unlock(&mutex);
    return 0;
}

/* The disk itself is not asked: what counts is what a program waited for. */
int fsync(int fd) { return sync_of(fd); }
int fdatasync(int fd) { return sync_of(fd); }

static void before_change(const char *path) {
    char whole[4096];
    if (!*root || !path) return;
    if (path[0] == '/') snprintf(whole, sizeof whole, "%s", path);
    else if (!getcwd(whole, sizeof whole)) return;
    if (!inside(whole)) return;
    pthread_mutex_lock(&mutex);
    event();
    pthread_mutex_unlock(&mutex);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
int rename(const char *from, const char *to) { before_change(to); return NEXT(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    before_change(to);
    return NEXT(renameat)(a, from, b, to);
}
int unlink(const char *path) { before_change(path); return NEXT(unlink)(path); }
int unlinkat(int a, const char *path, int flags) { before_change(path); return NEXT(unlinkat)(a, path, flags); }
