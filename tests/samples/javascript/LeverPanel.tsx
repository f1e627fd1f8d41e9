import { useRouter } from 'next/navigation';

export function LeverPanel({ id }: { id: string }) {
  const router = useRouter();
  const load = () => fetch(`/candidates/${id}`);
  const open = () => router.push(`/candidates/${id}/notes`);
  return (
    <section>
      <a href={`/candidates/${id}`}>Open /candidates in Lever</a>
      <button onClick={open} onFocus={load}>/candidates</button>
    </section>
  );
}
