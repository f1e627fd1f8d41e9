"""Mutation check: bugs are planted one at a time in a copy of the package; the named test must catch each.

PYTHONPATH=tests python -m soak.mutation_check          plant all, print the table, exit 1 if any is missed
PYTHONPATH=tests python -m soak.mutation_check fsync    only those whose name holds this word
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Bug:
    """A bug: its name, the module, the source text, its replacement, and the test that catches it."""

    name: str
    module: str
    text: str
    instead: str
    test: str

    @property
    def file(self) -> str:
        """Return the path of the module's file, from the root."""
        return f"leverkit/{self.module}.py"

    @property
    def node(self) -> str:
        """Return the test as pytest calls it."""
        file, name = self.test.split("::")
        return f"tests/{file}.py::{name}"


_INTENT = "        number = self._journal.append(intent)\n"
_SEND = "        error = self._send(intent, lambda in_doubt: self._may_repeat(group, now, in_doubt))\n"
_SETTLED = 'return op in self.outcomes and self.outcomes[op].outcome != "failed"'
_RECEIVER = "webhook/test_memory::test_what_a_person_took_off_after_the_receiver_wrote_it_is_not_put_back"
BUGS = (
    Bug(
        "the key of another account of accounts.toml is taken",
        "credentials",
        "    if named and here not in named:\n",
        "    if False:\n",
        "cli/test_accounts::test_a_key_that_was_swapped_is_refused_before_anything_is_written",
    ),
    Bug(
        "the account that accounts.toml expects is not looked at",
        "credentials",
        "    if entry.account:\n",
        "    if False:\n",
        "cli/test_accounts::test_the_id_in_the_file_counts_and_doctor_tells_of_another",
    ),
    Bug(
        "a process for one account finds the keys of all",
        "environment",
        "    return _without_keys(os.environ, known) | kept | chosen\n",
        "    return dict(os.environ) | kept | chosen\n",
        "cli/test_accounts::test_a_process_for_an_account_finds_no_key_of_another",
    ),
    Bug(
        "a command of a file that others can write prints the key",
        "environment",
        "    if known.distrusted:\n",
        "    if False:\n",
        "test_accounts::test_a_file_that_others_can_write_is_not_read_and_if_it_is_named_runs_no_command",
    ),
    Bug(
        "a key in accounts.toml is shown",
        "accounts_file",
        "what stands there is none; it is not shown.",
        "{text} is none.",
        "test_accounts::test_a_key_in_the_file_is_refused_and_not_shown",
    ),
    Bug(
        "a limit of 0 allows everything",
        "planning/brakes",
        "return limit is None or limit == UNLIMITED",
        "return not limit or limit == UNLIMITED",
        "planning/test_brakes::test_minus_one_is_no_limit_and_zero_is_none_in_every_brake",
    ),
    Bug(
        "rows with the evidence of other tags are planned",
        "planning/planner",
        "    policy.require_fit(snapshot)\n",
        "",
        "policy/test_account_fit::test_rows_that_hold_the_evidence_of_other_tags_are_refused",
    ),
    Bug(
        "new evidence hides rows that were misplaced",
        "policy/account_fit",
        "    require_own_evidence(rows, figures, source=source)\n\n\ndef present_tags",
        "\n\ndef present_tags",
        "policy/test_account_fit::test_misplaced_rows_are_not_hidden_by_new_evidence",
    ),
    Bug(
        "a policy in an unknown code page is written back garbled",
        "policy/account_fit",
        "    if not utf8:\n        require_known(rows, {row.tag for row in newer}, source=source)\n",
        "",
        "policy/test_account_fit::test_a_file_in_another_code_page_is_refused_and_never_written",
    ),
    Bug(
        "the receiver overrules people",
        "webhook/memory",
        'return "" if verdict == "add" else reason(verdict, pair.mark)',
        'return ""',
        _RECEIVER,
    ),
    Bug(
        "the receiver does not note whom it saw with a tag",
        "webhook/memory",
        "memory.note_additions(matching.keys())",
        "memory.note_additions(())",
        "webhook/test_memory::test_a_pull_learns_what_the_receiver_had_seen_before",
    ),
    Bug(
        "a reading forgets what the receiver saw before it",
        "history/ledger",
        "WHERE kind NOT LIKE 'removed%' AND kind != 'not kept' AND at_ms > ?",
        "WHERE kind IN ('added by us', 'taken back') AND at_ms > ?",
        "webhook/test_memory::test_a_pull_learns_what_the_receiver_had_seen_before",
    ),
    Bug(
        "a write that an outage prevented is left as not kept",
        "migration/run",
        'accepted = response is not None and response.status == "ok"',
        "accepted = response is not None",
        "webhook/test_memory::test_what_an_outage_kept_from_being_written_is_written_at_the_next_event",
    ),
    Bug(
        "the receiver finishes a run that is taken back",
        "webhook/memory",
        "    if is_being_undone(run):\n",
        "    if False:\n",
        "webhook/test_memory::test_a_run_that_is_taken_back_before_it_was_finished_is_not_finished",
    ),
    Bug(
        "the receiver finishes a run whatever people did since",
        "migration/apply",
        "in refused(locked).items()]",
        "in {}.items()]",
        "webhook/test_memory::test_what_was_taken_off_before_an_interrupted_run_is_finished_is_not_put_back",
    ),
    Bug(
        "the receiver writes again what was undone before it was read back",
        "migration/run",
        "if outcome.effective or self._was_undone(outcome)",
        "if outcome.effective",
        "webhook/test_memory::test_what_a_person_takes_off_before_it_is_read_back_is_not_put_back",
    ),
    Bug(
        "the receiver overrules a rollback that it does not know of",
        "history/merge_table",
        '(pair.mark.kind == "taken back" or ',
        "(",
        "webhook/test_memory::test_no_tag_comes_back_while_a_rollback_runs_beside_the_receiver",
    ),
    Bug(
        "a rollback takes what is somebody else's by the ledger",
        "migration/ownership",
        "if mark.at_ms > ended_ms:",
        "if False:",
        "flows/test_ledger_undo::test_a_rollback_leaves_what_by_the_ledger_is_somebody_elses_by_now",
    ),
    Bug(
        "a ledger that does not know a run is held against it",
        "migration/ownership",
        "if not any(known.plan_id == plan.plan_id and known.entries for known in ledger.runs()):",
        "if False:",
        "flows/test_ledger_undo::test_a_ledger_that_does_not_know_a_run_is_no_evidence_against_it",
    ),
    Bug(
        "verify calls what another plan of ours wrote somebody else's",
        "verification/ours",
        'return msgspec.structs.replace(pair, reported=f"plan {plan_id}")',
        "return pair",
        "flows/test_ledger_undo::test_verify_calls_ours_what_another_plan_of_ours_wrote",
    ),
    Bug(
        "an account is known by a hash alone",
        "api/account",
        "account == self.fingerprint() or found.is_same or",
        "account == self.fingerprint() or",
        "flows/test_account_identity::test_another_machine_goes_on_with_a_copied_run_after_a_reason_was_added",
    ),
    Bug(
        "some ids that agree make an account the same",
        "api/account",
        "return 2 * agreeing > known and all(",
        "return agreeing > 0 or all(",
        "api/test_account::test_most_ids_must_agree_and_some_of_each_kind",
    ),
    Bug(
        "the workspace is not asked whose account it is",
        "api/account",
        "found.is_same or self._is_registered_as(account):",
        "found.is_same:",
        "flows/test_account_identity::test_what_was_made_without_ids_is_judged_as_before_or_by_the_workspace",
    ),
    Bug(
        "a person's word makes any account the same",
        "api/account",
        "if same_account and found.is_doubtful:",
        "if same_account:",
        "flows/test_account_identity::"
        "test_another_account_with_equal_names_is_refused_whatever_a_person_says",
    ),
    Bug(
        "stages that every account has identify it",
        "api/account",
        'for each in ids if kind != "stage" or UUID.fullmatch(each))',
        "for each in ids)",
        "api/test_account::test_stages_that_every_account_has_identify_none",
    ),
    Bug(
        "accounts without reasons are all the same",
        "api/account",
        'return _hash(self._of("reason") or self.ids())',
        'return _hash(self._of("reason"))',
        "flows/test_account_identity::"
        "test_an_account_without_reasons_is_recognised_by_its_stages_and_no_other_is_taken_for_it",
    ),
    Bug(
        "a copy of an account goes into the folder of the original",
        "api/account",
        "return digest((new, self.host))[:12] if taken else new",
        "return new",
        "api/test_account::test_a_copy_at_another_host_has_an_id_of_its_own_in_the_workspace",
    ),
    Bug(
        "accounts noted at once are lost",
        "storage/account_registry",
        'with hold(workspace / f"{NAME}.lock", purpose="note an account", wait=WAIT):',
        "if True:",
        "storage/test_account_registry::test_accounts_noted_at_once_are_all_kept_for_their_owner_alone",
    ),
    Bug(
        "a workspace without its registry is taken for an empty one",
        "storage/account_registry",
        "return (*known, *(each for each in found if each and each.id not in ids))",
        "return known",
        "flows/test_account_identity::"
        "test_a_workspace_of_an_older_leverkit_or_without_its_registry_is_gone_on_with",
    ),
    Bug(
        "a person's word is not recorded",
        "migration/run",
        "            account.remember(plan.account, confirmed=confirmed)\n",
        "",
        "flows/test_account_identity::"
        "test_where_all_reasons_were_replaced_a_person_confirms_once_and_it_is_recorded",
    ),
    Bug(
        "a snapshot of any account is refreshed",
        "snapshot/identity",
        "    if not known:\n        return Recognised(account.id)",
        "    if True:\n        return Recognised(account.id)",
        "flows/test_account_identity::test_a_copy_of_the_account_at_another_host_is_refused_everywhere",
    ),
    Bug(
        "any account is verified",
        "verification/verify",
        "    run.require_account(lever.account, same_account=same_account)\n",
        "",
        "flows/test_account_identity::test_a_copy_of_the_account_at_another_host_is_refused_everywhere",
    ),
    Bug(
        "notebooks begin anew where an account is doubtful",
        "api/account",
        "if doubtful := self.doubtful():",
        "if doubtful := None:",
        "flows/test_account_identity::"
        "test_notebooks_name_the_account_that_this_may_be_and_go_on_there_once_that_is_said",
    ),
    Bug(
        "a doubtful account is approved for the nightly job",
        "cli/sync",
        "folder = lever.account.folder_in(settings.home)",
        "folder = settings.home / lever.account.id",
        "cli/test_sync::test_no_approval_is_given_for_an_account_that_may_be_a_known_one",
    ),
    Bug(
        "an account that grew has another id in each snapshot",
        "snapshot/pull",
        "account_facts(self._lever.account, self._recognised.id)",
        "account_facts(self._lever.account, self._lever.account.fingerprint())",
        "flows/test_account_identity::test_a_reason_added_before_each_command_stops_none_of_them",
    ),
    Bug(
        "a run locks its account by the plan's id alone",
        "migration/apply",
        "accounts = sorted({plan.account, lever.account.fingerprint()})",
        "accounts = [plan.account]",
        "migration/test_apply::test_plans_that_know_an_account_by_an_older_and_a_newer_id_exclude_each_other",
    ),
    Bug(
        "a plan is carried out at another host",
        "api/account",
        "if not same_host(host, self.host):",
        "if False:",
        "migration/test_apply::test_a_plan_is_not_carried_out_at_another_host_even_with_the_same_ids",
    ),
    Bug(
        "a lost journal is not noticed",
        "migration/records",
        "if self.entries:\n            return",
        "if True:\n            return False\n        if self.entries:\n            return",
        "migration/test_records::test_a_lost_journal_is_noticed_and_what_the_run_changed_can_still_be_undone",
    ),
    Bug(
        "apply writes beside a result that knows more",
        "migration/apply",
        "            locked.check_records(read_records(run.folder, plan.plan_id))\n",
        "",
        "migration/test_records::test_a_lost_journal_is_noticed_and_what_the_run_changed_can_still_be_undone",
    ),
    Bug(
        "result.json is not made again after a kill",
        "verification/verify",
        "    renew_result(run)\n",
        "",
        "migration/test_records::"
        "test_a_kill_between_the_end_of_the_journal_and_result_json_leaves_a_run_that_is_whole",
    ),
    Bug(
        "an approval does not bind the brakes",
        "planning/plan",
        '{"brakes": brakes, "before"',
        '{"brakes": None, "before"',
        "planning/test_plan::test_what_an_approval_binds_cannot_be_changed_under_the_same_id",
    ),
    Bug(
        "an approval does not bind the holders",
        "planning/plan",
        '"holders": digest(self.holders)}',
        '"holders": ""}',
        "planning/test_plan::test_what_an_approval_binds_cannot_be_changed_under_the_same_id",
    ),
    Bug(
        "a plan is written beside the journal of another",
        "planning/run_folder",
        'if journal_owner(folder) not in ("", plan_id):',
        "if False:",
        "planning/test_plan::test_a_begun_plan_is_not_overwritten_by_another",
    ),
    Bug(
        "a plan is written into a folder that is being worked on",
        "planning/run_folder",
        'with hold(lock_file(folder), purpose=f"write plan {plan_id[:12]}"):',
        "if True:",
        "planning/test_plan::test_no_plan_is_written_into_a_folder_that_is_being_worked_on",
    ),
    Bug(
        "a journal is joined to any plan",
        "migration/run",
        "if not belongs_to(entries, run.plan.plan_id, run.plan.account):",
        "if False:",
        "migration/test_run::test_no_command_takes_the_journal_of_another_plan_for_its_own",
    ),
    Bug(
        "a journal without a table is damaged",
        "migration/journal",
        "return [] if holds_nothing(db) else _read(db)",
        "return _read(db)",
        "migration/test_journal::test_a_journal_whose_table_a_kill_prevented_is_an_empty_one",
    ),
    Bug(
        "the sync is off",
        "storage/sqlite",
        "synchronous = FULL",
        "synchronous = OFF",
        "migration/test_journal::test_an_entry_is_on_disk_when_append_returns",
    ),
    Bug(
        "the request leaves before its intent",
        "migration/writer",
        _INTENT + _SEND,
        _SEND + _INTENT,
        "migration/test_apply::test_no_request_leaves_before_its_intent_is_on_disk",
    ),
    Bug(
        "an edited journal is believed",
        "migration/journal",
        "if seq != expected or link != chain:",
        "if False:",
        "migration/test_journal::test_an_edited_journal_is_refused",
    ),
    Bug(
        "settled operations are done again",
        "migration/run_state",
        _SETTLED,
        "return False",
        "migration/test_apply::test_a_finished_run_is_left_alone_and_says_so",
    ),
    Bug(
        "failed operations are given up",
        "migration/run_state",
        _SETTLED,
        "return op in self.outcomes",
        "migration/test_apply::test_a_lost_request_is_failed_not_done_and_the_next_apply_mends_it",
    ),
    Bug(
        "a yes is an effect",
        "migration/outcomes",
        "    if operation.is_in_effect(now.tags):\n        if response.is",
        '    if operation.is_in_effect(now.tags) or response.status == "ok":\n        if response.is',
        "migration/test_apply::test_a_yes_without_effect_is_not_done",
    ),
    Bug(
        "a lost request is done",
        "migration/outcomes",
        'return Judgement("failed", f"no answer',
        'return Judgement("done", f"no answer',
        "migration/test_outcomes::test_after_a_write",
    ),
    Bug(
        "what is so already is written again",
        "migration/outcomes",
        "        if intent is None:\n",
        "        if intent is None and False:\n",
        "migration/test_outcomes::test_before_a_write",
    ),
    Bug(
        "a person's edit after a lost answer is overruled",
        "migration/outcomes",
        "if intent.updated_at != now.updated_at:",
        "if False:",
        "flows/test_kill::test_a_change_by_a_person_after_the_kill_is_not_undone_by_resuming",
    ),
    Bug(
        "a tag is copied though its source is gone",
        "migration/outcomes",
        "and not source:",
        "and not source and False:",
        "migration/test_apply::test_a_tag_that_a_person_took_off_its_source_is_not_copied",
    ),
    Bug(
        "our own writes count as a source",
        "migration/outcomes",
        "            and (sibling.id, operation.tag) not in except_for\n",
        "",
        "migration/test_apply::test_what_we_wrote_ourselves_is_no_source_for_the_rest",
    ),
    Bug(
        "what this process wrote counts as a source",
        "migration/writer",
        "        self._ours.update((now.id, tag) for tag in intent.tags)\n",
        "",
        "migration/test_apply::test_what_we_wrote_a_moment_ago_is_no_source_for_a_repetition",
    ),
    Bug(
        "an opportunity that moved is written to",
        "migration/outcomes",
        "if now.contact != operation.contact and plan.needs_same_contact",
        "if False",
        "migration/test_apply::test_what_people_did_meanwhile_is_respected",
    ),
    Bug(
        "the anonymized are written to",
        "migration/outcomes",
        "    if now.is_anonymized:",
        "    if False:",
        "migration/test_outcomes::test_before_a_write",
    ),
    Bug(
        "removals come first",
        "planning/operation",
        "= get_args(Action)",
        "= tuple(reversed(get_args(Action)))",
        "migration/test_apply::test_at_no_prefix_of_a_run_has_a_contact_lost_a_tag",
    ),
    Bug(
        "a removal does not wait for its addition",
        "migration/writer",
        "return [operation for operation in removals if operation not in held]",
        "return removals",
        "migration/test_apply::test_a_removal_waits_for_the_addition_to_its_contact",
    ),
    Bug(
        "a denied key is tried on",
        "migration/writer",
        "                self._stop.deny(error)\n",
        "                pass\n",
        "migration/test_apply::test_a_denied_key_stops_the_run_at_once_and_it_resumes",
    ),
    Bug(
        "a refusal (4xx) is asked again",
        "api/responses",
        "        raise _error(ApiError, response, request, hide)\n    if",
        "        raise _error(Unreachable, response, request, hide)\n    if",
        "api/test_http::test_a_refused_request_is_never_retried",
    ),
    Bug(
        "a lost write is repeated over what a person did",
        "api/requests/exchange",
        "if may_retry and not (yield Do(partial(may_retry, doubtful is not None))):",
        "if False:",
        "migration/test_apply::test_what_a_person_took_back_after_a_lost_answer_is_not_written_again",
    ),
    Bug(
        "a write rests on an old reading",
        "migration/writer",
        "self._stop.reason or reading.age(self._times) > FRESH",
        "self._stop.reason",
        "migration/test_apply::test_a_write_whose_turn_comes_late_rests_on_another_reading",
    ),
    Bug(
        "what waits for its turn is sent though the run was stopped",
        "migration/writer",
        "self._stop.reason or reading.age(self._times) > FRESH",
        "reading.age(self._times) > FRESH",
        "migration/test_apply::test_what_waits_for_its_turn_when_a_run_is_stopped_is_not_sent",
    ),
    Bug(
        "threads meet a type at the same time",
        "api/responses",
        "return _prepared(type)",
        "return type",
        "api/test_responses::test_threads_may_decode_a_new_type_at_once",
    ),
    Bug(
        "failures are not counted",
        "migration/stop",
        "if failed >= FAILURES:",
        "if False:",
        "flows/test_gates::test_five_failures_stop_the_run_and_it_resumes",
    ),
    Bug(
        "the file STOP is not seen",
        "migration/stop",
        "if self._has(STOP):",
        "if False:",
        "flows/test_gates::test_a_stop_file_ends_the_run_and_stands_until_it_is_removed",
    ),
    Bug(
        "an orphan writes on",
        "migration/stop",
        "if self._parent and self._parent() != self._started_by:",
        "if False:",
        "flows/test_gates::test_a_kernel_whose_starter_was_killed_stops_writing",
    ),
    Bug(
        "any account will do",
        "migration/apply",
        "    run.require_account(lever.account, same_account=same_account)\n",
        "",
        "migration/test_apply::test_a_plan_of_another_account_is_refused",
    ),
    Bug(
        "brakes hold only when planning",
        "migration/apply",
        "    run.plan.check_brakes(brakes)\n",
        "",
        "migration/test_apply::test_the_brakes_of_the_plan_hold_at_apply_unless_raised",
    ),
    Bug(
        "nobody need approve",
        "migration/apply",
        "        run.plan.check_approval(approve)\n",
        "        pass\n",
        "migration/test_apply::test_without_approval_or_beyond_a_brake_nothing_is_written",
    ),
    Bug(
        "two runs on one account",
        "migration/apply",
        "locks = (run.lock_file, *map(account_lock, accounts))",
        "locks = (run.lock_file,)",
        "migration/test_apply::test_a_run_or_account_that_is_being_written_to_is_locked",
    ),
    Bug(
        "a plan that was replaced while apply waited is carried out",
        "migration/apply",
        '        if PlanDocument.read(run.folder / "plan.json").plan_id != plan.plan_id:\n',
        "        if False:\n",
        "migration/test_run::test_a_plan_that_was_replaced_before_the_lock_was_free_is_refused",
    ),
    Bug(
        "a wave opens unverified",
        "migration/apply",
        "            require_verified(locked, wave)\n",
        "            pass\n",
        "planning/test_waves::test_wave_by_wave_with_a_verification_between_them",
    ),
    Bug(
        "an old verification opens a wave",
        "migration/next_step",
        "if not found.is_after_writes(run.entries):",
        "if False:",
        "planning/test_waves::test_a_wave_whose_verification_is_old_or_bad_keeps_the_next_one_waiting",
    ),
    Bug(
        "the canary leaves kinds out",
        "planning/canary",
        "        if kind not in covered:\n",
        "        if not covered:\n",
        "planning/test_waves::test_the_canary_has_one_of_every_kind",
    ),
    Bug(
        "the canary is no random sample",
        "planning/canary",
        "in sorted(sizes, key=_chance):",
        "in sorted(sizes):",
        "planning/test_waves::test_a_large_plan_has_a_small_canary_and_its_bound",
    ),
    Bug(
        "the canary has every tag with every mixture",
        "planning/canary",
        "|= {(op.tag, op.action), (op.action,",
        "|= {(op.tag, op.action), (op.tag, op.action,",
        "planning/test_waves::test_many_tags_make_no_large_canary",
    ),
    Bug(
        "a canary that is through ends the larger wave",
        "migration/apply",
        "    if run.is_settled(begun):",
        "    if True:",
        "planning/test_waves::test_a_canary_after_a_larger_wave_was_broken_off_says_which_one_waits",
    ),
    Bug(
        "the receiver's short hold refuses a run",
        "migration/apply",
        "            wait=wait,\n            same_account",
        "            wait=0,\n            same_account",
        "migration/test_apply::test_a_writer_that_is_soon_through_is_waited_for",
    ),
    Bug(
        "the receiver adds a tag whose source is gone",
        "planning/plan",
        ' or (self.kind == "propagate" and bool(self.policy_digest))',
        "",
        "webhook/test_worker::test_a_tag_whose_source_lost_it_before_the_run_is_resumed_is_not_added",
    ),
    Bug(
        "later waves count as somebody else",
        "verification/verify",
        "    ahead = _ahead(whole, wave.positions, now)",
        "    ahead = frozenset[int]()",
        "verification/test_verify::test_what_later_waves_wrote_is_ours_and_the_counts_expect_it",
    ),
    Bug(
        "a run that was taken back is merely wrong",
        "migration/ownership",
        'return self.kind == "rollback" and',
        "return False and",
        "verification/test_verify::test_a_run_that_was_taken_back_names_the_rollback",
    ),
    Bug(
        "an unfinished run is merely wrong",
        "migration/run",
        'return sum(name in ("pending", "unknown") for name in names)',
        "return 0",
        "verification/test_verify::test_a_run_that_is_not_at_its_end_is_told_from_a_wrong_one",
    ),
    Bug(
        "a spreadsheet calculates what is not done",
        "migration/result",
        "rows.append(csv_cells(columns, cells))",
        "rows.append(list(cells))",
        "migration/test_result::test_the_table_has_a_reason_for_each_that_is_not_done",
    ),
    Bug(
        "verify believes apply",
        "verification/verification",
        'return self.status in "+-!" and self.reported not in (*LEFT_ALONE, SINCE, RENAMED)',
        "return False",
        "verification/test_verify::test_a_plan_that_was_not_carried_out_fails_whatever_result_json_says",
    ),
    Bug(
        "tag counts are not compared",
        "verification/tag_counts",
        "    if not plan.tag_counts:\n",
        "    if True:\n",
        "verification/test_verify::test_a_count_that_nothing_explains_fails",
    ),
    Bug(
        "a difference in counts is excused by anybody's change",
        "verification/verification",
        "return self.unexplained != 0 and self.recount != self.listed",
        "return False",
        "verification/test_verify::test_a_count_that_nothing_explains_fails",
    ),
    Bug(
        "rollback undoes what was so already",
        "migration/rollback",
        'return "changed by the run" if outcome.effective else ""',
        'return "changed by the run"',
        "migration/test_rollback::test_what_was_so_already_is_not_undone_but_listed",
    ),
    Bug(
        "a tag that lever stored in another form is written again",
        "migration/outcomes",
        "if stored := _stored(operation, now, intent.before, named):",
        "if False:",
        "migration/test_outcomes::test_a_tag_that_lever_stored_in_another_form_is_named",
    ),
    Bug(
        "a kind that lever does not count excuses a tag that was lost",
        "verification/tag_counts",
        "if found.keys() != should or not held <= should:",
        "if False:",
        "verification/test_verify::test_counts_that_leave_a_kind_out_excuse_no_write_that_nobody_saw",
    ),
    Bug(
        "a partial verification is called done and verified",
        "migration/next_step",
        "    if found is None or not found.exit_code:\n",
        "    if True:\n",
        "migration/test_next_step::"
        "test_what_a_partial_verification_found_is_the_next_step_and_not_called_done",
    ),
    Bug(
        "a second rollback takes what others put there since the first",
        "migration/rollback",
        "if why and number in taken:",
        "if False:",
        "migration/test_ownership::test_what_a_rollback_took_back_is_a_persons_when_it_is_there_again",
    ),
    Bug(
        "a later verification forgets what an earlier one saw undone",
        "verification/undone",
        "earlier = known.undone if",
        "earlier = () if",
        "migration/test_ownership::test_what_verify_found_undone_is_not_the_runs_when_it_is_there_again",
    ),
    Bug(
        "a reading of apply that shows a change undone is not recorded",
        "migration/writer",
        "if notes := self._watch.notes(reading):",
        "if notes := self._watch.notes(reading)[:0]:",
        "migration/test_ownership::"
        "test_what_a_later_apply_read_as_undone_is_not_the_runs_when_it_is_there_again",
    ),
    Bug(
        "what another run did after a lost request counts as the run's",
        "migration/ownership",
        "elif outcome.effective and sent_ms > ours.at_ms:",
        "elif outcome.effective and sent_ms < ours.at_ms:",
        "migration/test_ownership::"
        "test_what_a_later_run_wrote_after_a_request_that_was_never_sent_is_the_later_runs",
    ),
    Bug(
        "what a person undid before it was read back is written again",
        "migration/outcomes",
        "if now.updated_at != before.updated_at:",
        "if False:",
        "migration/test_outcomes::test_after_a_write",
    ),
    Bug(
        "what a run left alone is a failure after a kill before its end was noted",
        "migration/result",
        "    if not run.entries:\n",
        '    if run.state.state == "broken off":\n',
        "migration/test_records::test_a_kill_before_the_end_was_noted_leaves_outcomes_that_verify_goes_by",
    ),
    Bug(
        "what verify reads besides shows nothing undone",
        "verification/verify",
        "(*now.values(), *newer)",
        "now.values()",
        "migration/test_ownership::test_what_verify_read_as_undone_and_back_again_is_not_the_runs",
    ),
    Bug(
        "what a key without the grant never saw is held against a verification",
        "verification/tag_counts",
        " or not self._lever.sees_confidential()",
        "",
        "verification/test_verify::test_what_others_do_to_what_the_key_never_saw_makes_no_verification_fail",
    ),
    Bug(
        "a tag that a key without the grant had not seen fails a key with it",
        "verification/tag_counts",
        "len(never_listed) > max(count.off, 0)",
        "never_listed",
        "verification/test_verify::test_the_plan_of_a_key_that_sees_less_is_verified_by_one_that_sees_everything",
    ),
    Bug(
        "what has no contact is joined under an empty id",
        "snapshot/tables",
        "from newest where id <> '' and contact <> '' order",
        "from newest order",
        "snapshot/test_completeness::test_a_row_without_contact_or_id_is_left_out_counted_and_named",
    ),
    Bug(
        "a window that is open to the past leaves out what was created before 1970",
        "snapshot/listing_reader",
        "None if window.lo == LOWEST else window.lo",
        "max(window.lo, 0)",
        "snapshot/test_completeness::test_what_was_created_at_an_impossible_time_is_found_and_said",
    ),
    Bug(
        "a refresh keeps what the key cannot see any more",
        "snapshot/pull",
        '            "this key would not see what became confidential since last time": not sees,',
        '            "this key would not see what became confidential since last time": False,',
        "snapshot/test_pull::test_what_became_confidential_is_not_kept_and_counted_as_no_longer_visible",
    ),
    Bug(
        "apply calls a rollback of a renamed tag done",
        "migration/writer",
        'self._settle({operation: Judgement("drifted", note) for operation, note in left.items()})',
        "left = {}",
        "migration/test_rollback::"
        "test_a_tag_that_was_renamed_in_lever_is_listed_as_left_and_not_called_taken_back",
    ),
    Bug(
        "a rollback is carried out after another one",
        "migration/apply",
        'refused: Refusal = overtaken,\n) -> tuple[Result, Run]:\n    """Carry out a wave',
        'refused: Refusal = lambda _: {},\n) -> tuple[Result, Run]:\n    """Carry out a wave',
        "migration/test_ownership::test_of_two_rollbacks_planned_at_once_only_one_is_carried_out",
    ),
    Bug(
        "a rollback in a copy does not notice that another user took the run back",
        "migration/writer",
        "since = (plan.lever_ms or plan.taken_at) if undoing else self._began_ms",
        "since = self._began_ms",
        "migration/test_ownership::"
        "test_a_rollback_in_a_copy_stops_where_another_user_took_the_run_back_already",
    ),
    Bug(
        "a rollback that is refused counts as begun",
        "migration/apply",
        "            left = [Outcome(",
        "            journal.bind(plan.plan_id, plan.account)\n            left = [Outcome(",
        "migration/test_ownership::test_of_two_rollbacks_planned_at_once_only_one_is_carried_out",
    ),
    Bug(
        "what the key cannot see is held against a verification",
        "verification/tag_counts",
        "or self._unseen(count, found, should)",
        "",
        "verification/test_verify::test_what_the_key_cannot_see_any_more_makes_no_rollback_fail",
    ),
    Bug(
        "a rollback's counts start from the snapshot and its tags from the run",
        "migration/rollback",
        "        change.update(known.tags)\n",
        "        change.update(plan.before[opportunity].tags)\n",
        "verification/test_verify::test_a_rollback_counts_before_and_after_from_the_same_state",
    ),
    Bug(
        "a rollback of a renamed tag is called verified",
        "verification/verify",
        "_listed_as_left(checked, renamed)",
        "checked",
        "migration/test_rollback::"
        "test_a_tag_that_was_renamed_in_lever_is_listed_as_left_and_not_called_taken_back",
    ),
    Bug(
        "rollback forgets open requests",
        "migration/rollback",
        'if state.open_intent(number) else ""',
        'if False else ""',
        "migration/test_rollback::test_a_half_done_run_is_undone_by_what_its_journal_shows",
    ),
    Bug(
        "plan.json may be edited",
        "planning/plan_document",
        "        if digest(document) != seal:",
        "        if False:",
        "planning/test_plan::test_an_edited_plan_json_is_refused",
    ),
    Bug(
        "plan.csv may be edited",
        "planning/plan",
        "        if plan.plan_id != document.plan_id:",
        "        if False:",
        "planning/test_plan::test_an_edited_file_is_refused_by_name",
    ),
    Bug(
        "the plan id forgets the account",
        "planning/plan",
        '        return digest_with_rows({"bound": bound}',
        '        return digest_with_rows({"bound": bound | {"account": ""}}',
        "planning/test_plan::test_the_plan_id_binds_what_is_done_and_what_it_rests_on",
    ),
    Bug(
        "a near-duplicate is copied as its family was decided",
        "policy/decision",
        'return "undecided" if slip else self.scope',
        "return self.scope",
        "policy/test_near_duplicates::test_the_receiver_leaves_it_too_and_no_option_of_a_plan_overrules_it",
    ),
    Bug(
        "undecided tags are planned",
        "policy/policy",
        'if scope == "contact"]',
        'if scope in ("contact", "undecided")]',
        "planning/test_planner::test_a_tag_of_any_other_scope_is_never_planned",
    ),
    Bug(
        "each process has a budget of its own",
        "settings",
        "budget=shared_budget(base_url, key)",
        "budget=None",
        "api/test_shared_rate_limit::test_connections_with_one_key_share_its_budget",
    ),
    Bug(
        "the budget's file is not locked",
        "api/shared_rate_limit",
        "            lock_descriptor(file.fileno(), poll_interval=POLL)\n",
        "",
        "api/test_shared_rate_limit::test_threads_and_openings_exclude_each_other",
    ),
    Bug(
        "replay does not compare",
        "verification/replay",
        "        for tag in sorted(seen ^ have):",
        "        for tag in ():",
        "verification/test_replay::test_a_planned_tag_that_is_not_as_the_journal_says_differs",
    ),
    Bug(
        "replay takes what was in flight for a contradiction",
        "verification/replay",
        "if (gap.opportunity, gap.tag) not in self._open",
        "if True",
        "verification/test_replay::test_what_was_in_flight_when_it_broke_off_may_be_so_or_not",
    ),
    Bug(
        "replay holds an old reading against later writes",
        "verification/replay",
        "return (seen, since) if verified.is_after_writes(run.entries) else ({}, frozenset())",
        "return seen, since",
        "verification/test_replay::test_a_state_that_was_read_before_the_latest_writes_is_not_held_against_them",
    ),
    Bug(
        "a text is a list of its letters",
        "api/tags",
        "    if isinstance(values, str | bytes):\n",
        "    if isinstance(values, bytes):\n",
        "webhook/test_propagate::test_a_text_or_what_is_no_tag_is_refused_before_anything_is_sent",
    ),
    Bug(
        "a tag without a text gets a row in policy.csv",
        "policy/proposal",
        'for row in audit.tags.to_dict("records")\n        if row["tag"]\n',
        'for row in audit.tags.to_dict("records")\n',
        "policy/test_policy::test_a_tag_that_is_an_empty_text_leaves_policy_csv_readable",
    ),
    Bug(
        "a person's tag is ours after our own failed write",
        "migration/outcomes",
        "        if without_effect:\n",
        "        if False:\n",
        "migration/test_writer::test_what_a_person_adds_after_our_failed_write_is_theirs",
    ),
    Bug(
        "a refusal hides an earlier doubt",
        "api/requests/exchange",
        "error.in_doubt = doubtful is not None",
        "error.in_doubt = False",
        "migration/test_writer::test_what_was_perhaps_written_before_a_refusal_is_read_back_and_ours",
    ),
    Bug(
        "a denial hides an earlier doubt",
        "migration/journal",
        'return self.status in ("refused", "denied") and not self.in_doubt',
        'return self.status == "denied" or (self.status == "refused" and not self.in_doubt)',
        "migration/test_writer::test_what_was_perhaps_written_before_a_denial_is_taken_back",
    ),
    Bug(
        "the user to act as is looked up within a write",
        "migration/apply",
        "    lever.performer(check=True)",
        "    #",
        "migration/test_writer::test_a_user_whom_the_account_does_not_have_ends_apply_before_any_intent",
    ),
    Bug(
        "an account that wants a user for each write is tried on",
        "migration/outcomes",
        "isinstance(error, AccessDenied) or needs_performer(error)",
        "isinstance(error, AccessDenied)",
        "migration/test_writer::test_an_account_that_takes_tags_only_in_a_users_name_stops_the_run_and_says_what_to_set",
    ),
    Bug(
        "a tag of the plan is taken for another tag's form",
        "migration/outcomes",
        "set(now.tags).difference(before, named)",
        "set(now.tags).difference(before)",
        "migration/test_writer::test_a_tag_that_the_plan_adds_is_not_taken_for_another_tags_form",
    ),
    Bug(
        "a reading does not grow older while the machine sleeps after its answer",
        "migration/times",
        "return max(now.steady - then.steady, now.wall - then.wall)",
        "return now.steady - then.steady",
        "migration/test_outcomes::test_a_reading_is_as_old_as_the_time_awake_and_asleep_since_its_answer",
    ),
    Bug(
        "a reading does not grow older while the machine sleeps",
        "migration/outcomes",
        "return max(times.since(self.answered_at), times.asleep(self.requested_at))",
        "return times.since(self.answered_at)",
        "migration/test_writer::test_a_write_after_the_machine_slept_rests_on_another_reading",
    ),
    Bug(
        "a second writer goes unnoticed",
        "migration/stop",
        "        if several:\n",
        "        if False:\n",
        "migration/test_writer::test_several_operations_that_others_carried_out_meanwhile_stop_the_run",
    ),
    Bug(
        "a colleague is taken for a second writer",
        "migration/stop",
        "SEVERAL, WITHIN_MS = 3,",
        "SEVERAL, WITHIN_MS = 1,",
        "migration/test_writer::test_what_a_colleague_did_meanwhile_stops_nothing",
    ),
    Bug(
        "Lever's times are compared with those of a machine",
        "verification/timeline",
        "return outcome.updated_at or 0",
        "return entry.at_ms",
        "migration/test_writer::test_a_machine_with_a_wrong_clock_excuses_no_tag_that_lever_lost",
    ),
    Bug(
        "an older plan's tag that cannot be written fails within a write",
        "migration/apply",
        '    tag_names("tags of the plan", (operation.tag for operation in plan.operations))\n',
        "",
        "migration/test_writer::"
        "test_a_plan_of_an_older_version_with_a_tag_that_cannot_be_written_sends_and_records_nothing",
    ),
    Bug(
        "a journal on a read-only disk is opened in place",
        "storage/sqlite",
        "    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):\n",
        "    if True:\n",
        "storage/test_files::test_a_journal_on_a_read_only_disk_is_read_and_nothing_is_written_beside_it",
    ),
    Bug(
        "a verification is dated by this machine's clock",
        "migration/records",
        "return last.seq <= self.entries if self.head else last.at_ms < self.began_ms",
        "return last.at_ms < self.began_ms",
        "planning/test_waves::test_wave_by_wave_with_a_verification_between_them",
    ),
    Bug(
        "a run that wrote on after its rollback is called taken back",
        "migration/next_step",
        "    if _wrote_after(run, undo.plan.snapshot_digest):\n",
        "    if False:\n",
        "migration/test_next_step::test_a_run_that_wrote_on_after_its_rollback_is_not_called_verified",
    ),
    Bug(
        "notebooks that plan at once take each other's draft",
        "notebook/workspace",
        "        with self._drafting():\n            snapshot",
        "        if True:\n            snapshot",
        "notebook/test_workspace::test_notebooks_that_plan_at_once_each_keep_their_own_plan",
    ),
    Bug(
        "doctor does not try the lock",
        "doctor/checkup",
        "        _lock(),\n",
        "",
        "doctor/test_checkup::test_a_lock_that_apply_could_not_take_is_trouble_and_says_what_to_set",
    ),
    Bug(
        "what a kill left between the seal and result.json is held against the run",
        "migration/result",
        "            result(run).write()\n",
        "            pass\n",
        "flows/test_kill::test_killed_between_the_seal_and_result_json_verify_knows_what_the_run_left_alone",
    ),
    Bug(
        "changes: what came and went again counts",
        "history/changes",
        "for pair, change in last.items() if change.added != before[pair])",
        "for pair, change in last.items() if pair in before)",
        "history/test_splits::test_what_came_and_went_again_is_no_change",
    ),
    Bug(
        "changes: a renamed tag keeps its old name before",
        "history/changes",
        "names[event.tag] = names.get(event.detail, event.detail)",
        "names[event.detail] = event.detail",
        "history/test_splits::test_a_renamed_tag_has_its_name_of_now_all_the_time",
    ),
    Bug(
        "changes: what leverkit mended was not split",
        "history/splits",
        'for event in events if event.kind == "added by us"}',
        'for event in events if event.kind == "mended"}',
        "history/test_splits::test_a_split_counts_although_it_was_mended",
    ),
    Bug(
        "changes: who lost a renamed tag and its new name lost nothing",
        "history/reading_update",
        "if names.get(found.tag) not in found.tags\n",
        "if found.tag not in names\n",
        "history/test_splits::test_a_renamed_tag_has_its_name_of_now_all_the_time",
    ),
    Bug(
        "changes: what we wrote to an opportunity that no reading saw is told",
        "jobs/changes",
        'if change.by != "us" or change.opportunity in there)',
        'if change.by != "us" or there)',
        "jobs/test_changes::test_what_we_wrote_to_an_opportunity_that_no_reading_saw_is_not_told",
    ),
    Bug(
        "the receiver copies what comes with a new opportunity to where people took it off",
        "history/catch_up",
        "            if (opportunity, contact) in known:\n",
        "            if known or not known:\n",
        "webhook/test_memory::"
        "test_a_tag_that_comes_with_a_new_opportunity_is_not_copied_to_where_people_took_it_off",
    ),
    Bug(
        "what we wrote before an opportunity was hidden is forgotten",
        "history/compare",
        "return was._replace(tags=tags_text(tags))",
        "return was",
        "history/test_catch_up::"
        "test_a_person_s_removal_of_what_we_wrote_around_the_time_of_hiding_is_seen_with_the_opportunity",
    ),
    Bug(
        "the receiver learns from what was read before the ledger's last reading",
        "webhook/memory",
        "        return self._taken_at < self._ledger.last.taken_at",
        "        return self._taken_at < 0",
        "webhook/test_memory::test_what_was_read_before_the_ledger_s_last_reading_is_not_learnt",
    ),
    Bug(
        "the receiver puts back what was removed from a contact that was merged with another",
        "history/view",
        "newer_carrier=not self._is_off_everywhere(opportunity, tag)",
        "newer_carrier=True",
        "webhook/test_memory::"
        "test_what_people_took_off_a_contact_stays_off_when_it_is_merged_with_one_that_has_the_tag",
    ),
    Bug(
        "a renamed tag has the removals of the one whose name it gets",
        "history/reading_update",
        "UPDATE OR REPLACE",
        "UPDATE OR IGNORE",
        "history/test_catch_up::"
        "test_of_a_tag_that_gets_the_name_of_one_that_is_gone_it_counts_what_was_decided_on_itself",
    ),
    Bug(
        "sync: a job takes for its own what only a person may plan",
        "jobs/nightly/plan",
        "unattended=not for_a_person,",
        "unattended=False,",
        "jobs/test_sync::test_what_a_rollback_took_back_stays_so",
    ),
    Bug(
        "sync: an approval of another policy counts",
        "jobs/approval",
        "if approval.policy_digest != policy_digest:",
        "if not approval.policy_digest:",
        "jobs/test_sync::test_without_an_approval_of_just_this_policy_nothing_is_written",
    ),
    Bug(
        "sync: what stopped at a brake counts as considered",
        "jobs/nightly/night",
        "consider=first and not self._order.dry_run,",
        "consider=True,",
        "jobs/test_sync::test_the_old_gaps_of_a_tag_that_is_newly_decided_are_carried_out_once_they_are_allowed",
    ),
    Bug(
        "sync: the first job writes where it is approved",
        "jobs/nightly/night",
        "if self.record.first or (run.plan.operations and self._order.dry_run):",
        "if run.plan.operations and self._order.dry_run:",
        "jobs/test_sync::test_the_first_night_writes_nothing_and_says_what_a_person_does_next",
    ),
    Bug(
        "sync: a killed job's run is forgotten",
        "jobs/nightly/night",
        "self._note(account=account, reading=known.reading, open_run=known.open_run)",
        "self._note(account=account, reading=known.reading)",
        "jobs/test_sync::test_a_job_that_was_stopped_is_finished_by_the_next_one_unless_the_policy_is_another",
    ),
    Bug(
        "sync: a lost ledger is made anew without a word",
        "jobs/nightly/night",
        "        if last < before:",
        "        if last < 0:",
        "jobs/test_sync::test_a_ledger_that_is_gone_is_missed_and_a_new_one_begins_only_on_request",
    ),
    Bug(
        "sync: a run that was left is finished as it was planned",
        "jobs/nightly/night",
        "refused=lambda locked: self._decided_since(locked, snapshot),",
        "refused=lambda _: {},",
        "jobs/test_sync_trouble::test_what_was_taken_back_since_a_job_was_stopped_is_not_written_by_finishing_it",
    ),
    Bug(
        "sync: each plan of a night may be as large as the night",
        "jobs/nightly/allowance",
        "self._tonight = size\n",
        "size = self._tonight\n",
        "jobs/test_sync_trouble::test_what_is_finished_and_what_is_new_together_stay_within_what_was_allowed",
    ),
    Bug(
        "sync: an approval without a limit counts",
        "jobs/approval",
        "if is_unlimited(found.brakes.max_ops):",
        "if not found.brakes:",
        "jobs/test_sync_trouble::test_an_approval_that_was_edited_into_nonsense_is_refused",
    ),
    Bug(
        "sync: an approval of another account counts",
        "jobs/approval",
        "if found.account != account_folder.name:",
        "if not found.account:",
        "jobs/test_sync_trouble::test_an_approval_that_was_edited_into_nonsense_is_refused",
    ),
    Bug(
        "sync: the policy's matching is left out of its digest",
        "policy/decision",
        "(narrower(self.matching), self.decided_with)",
        "(self.decided_with,)",
        "jobs/test_sync::test_a_matching_that_nobody_approved_is_another_policy",
    ),
    Bug(
        "sync: of two matchings the first counts",
        "policy/decision",
        "matching=narrower(self.matching, matching))",
        "matching=self.matching or matching)",
        "planning/test_planner::test_of_the_policy_s_matching_and_the_plan_s_the_narrower_counts",
    ),
    Bug(
        "a plan puts back what people removed",
        "history/merge_table",
        '    if kind == "removed by others":\n',
        "    if False:\n",
        "history/test_merge_table::test_the_merge_table",
    ),
    Bug(
        "a job puts back what was taken back",
        "history/merge_table",
        '        return pair.mark.kind\n    return "left',
        '        return None\n    return "left',
        "history/test_merge_table::test_the_merge_table",
    ),
    Bug(
        "a plan that is older than a removal puts it back",
        "history/merge_table",
        "if mark and mark.at_ms > at_ms and mark.kind not in UNDONE:",
        "if False:",
        "jobs/test_sync_trouble::test_a_plan_that_is_older_than_a_removal_does_not_put_it_back",
    ),
    Bug(
        "a job believes a workspace that was restored from a backup",
        "jobs/nightly/last_known",
        "        files.write_json(place, number)\n",
        "",
        "jobs/test_sync_trouble::test_a_workspace_that_was_restored_from_a_backup_puts_nothing_back",
    ),
    Bug(
        "who was forgotten stays in a receiver's inbox, and nobody is told",
        "jobs/erasure/forget",
        "        self.left += inboxes(self._places, substitutions)\n",
        "",
        "jobs/test_erasure::test_a_receiver_whose_events_name_the_person_is_named",
    ),
    Bug(
        "who asks for a packed run is told to plan",
        "planning/run_folder",
        "    if not folder.exists() and packed.is_file():\n",
        "    if False:\n",
        "jobs/test_sync::test_whoever_asks_for_a_packed_run_is_told_how_it_comes_back",
    ),
    Bug(
        "half of a packed folder hides its journal",
        "jobs/packing",
        'shutil.rmtree(folder.replace(folder.with_name(f".{folder.name}{REMOVED}")))',
        "shutil.rmtree(folder)",
        "jobs/test_sync::test_a_kill_while_a_packed_folder_is_removed_hides_no_journal",
    ),
    Bug(
        "who was forgotten stays in a copy, and nobody is told",
        "jobs/erasure/forget",
        "(path.name in _OURS and path.parent in self._looked_at)",
        "path.name in _OURS",
        "jobs/test_erasure::test_what_a_kill_or_a_person_left_there_is_cleared_or_named",
    ),
    Bug(
        "forgetting edits the files of a run at work",
        "jobs/erasure/forget",
        "            {*self._places, ledger",
        "            {*(found.target for found in self._runs), ledger",
        "jobs/test_erasure::test_a_run_at_work_stays_as_it_is_and_is_named",
    ),
    Bug(
        "a ledger that somebody reads is called cleared",
        "history/forget",
        "        if kept:\n",
        "        if False:\n",
        "jobs/test_erasure::test_a_ledger_that_somebody_reads_is_cleared_by_the_next_call",
    ),
    Bug(
        "a run tags what does not match any more",
        "migration/outcomes",
        "    if not gets(plan.matching",
        "    if False and not gets(plan.matching",
        "jobs/test_sync_trouble::test_an_opportunity_that_is_archived_after_the_plan_gets_no_tag_for_active_ones",
    ),
    Bug(
        "an older plan asks the ledger, and not the journals that it has not followed",
        "migration/run",
        "            follow_open_runs(ledger, without=self.folder)\n",
        "",
        "jobs/test_sync_trouble::test_a_plan_that_is_older_than_a_removal_does_not_put_it_back",
    ),
    Bug(
        "a job puts back what people took off before its killed run had read it back",
        "history/view",
        "if mark and mark.kind in ADDED:",
        "if mark and mark.kind in ADDED and mark.at_ms > shown_until(self.taken_at):",
        "jobs/test_sync_trouble::test_what_people_took_off_before_a_killed_job_read_it_back_is_not_put_back",
    ),
    Bug(
        "a tag that Lever stores in another form is written night after night",
        "migration/run",
        'is_addition and outcome.outcome == "failed" and',
        "False and",
        "jobs/test_sync_trouble::test_a_tag_that_lever_stores_in_another_form_is_not_written_night_after_night",
    ),
    Bug(
        "the ledger takes what Lever shows late for a removal",
        "history/compare",
        "if write.at_ms > shown_until(taken_at):",
        "if False:",
        "history/test_catch_up::test_nothing_is_concluded_of_what_we_wrote_a_moment_before_the_reading",
    ),
    Bug(
        "the ledger takes an open request for others' change",
        "history/compare",
        "if (now.opportunity, tag) not in expectation.unsettled}",
        "if True}",
        "history/test_catch_up::test_a_request_whose_outcome_is_open_says_nothing_about_others",
    ),
    Bug(
        "the ledger believes a reading that lacks people",
        "history/reading_update",
        "if missing * 2 > known or missing > max(",
        "if False and missing > max(",
        "history/test_catch_up::test_a_reading_that_cannot_be_right_changes_nothing",
    ),
    Bug(
        "the ledger believes any number of removals",
        "history/reading_update",
        "if number > limit:",
        "if False:",
        "history/test_catch_up::test_many_removals_need_a_person_who_names_the_number",
    ),
    Bug(
        "the ledger takes a renamed tag for removals",
        "history/reading_update",
        "names = renames(self._lost, self._gained, self._reading.tag_counts)",
        "names: dict[str, str] = {}",
        "history/test_catch_up::test_a_renamed_tag_was_taken_off_nobody",
    ),
    Bug(
        "the ledger keeps whom Lever deleted",
        "history/reading_update",
        "if now is not None or was.opportunity in self._reading.deleted:",
        "if now is not None:",
        "history/test_catch_up::test_deleted_and_anonymized_opportunities_are_forgotten",
    ),
    Bug(
        "the ledger does not notice a removal everywhere",
        "history/reading_update",
        '"removed everywhere" if nowhere else',
        '"removed everywhere" if False else',
        "history/test_catch_up::test_what_others_took_off_and_added_is_told_apart_from_what_we_wrote",
    ),
    Bug(
        "the ledger takes a reading of another account",
        "history/catch_up",
        "if last.number and ledger.account_ids.isdisjoint(reading.account_ids):",
        "if False:",
        "history/test_catch_up::test_a_reading_that_cannot_be_right_changes_nothing",
    ),
    Bug(
        "the ledger lets a run that it found late stay others'",
        "history/catch_up",
        "if seen := _seen_as_others(ledger, db, write):",
        "if seen := 0:",
        "history/test_catch_up::test_what_a_late_journal_cannot_have_done_stays_others",
    ),
    Bug(
        "the ledger lets a run that it found late have done everything",
        "history/catch_up",
        "if shown_until(ledger.taken_at(reading - 1)) < write.at_ms <= at_ms else",
        "if write.at_ms <= at_ms else",
        "history/test_catch_up::test_what_a_late_journal_cannot_have_done_stays_others",
    ),
    Bug(
        "the ledger does not follow journals",
        "jobs/ledger",
        "        unsettled, odd = _take_runs(ledger, account_folder)\n",
        "        unsettled, odd = frozenset[Pair](), ()\n",
        "flows/test_ledger::test_a_run_that_is_found_late_takes_back_what_a_reading_called_others",
    ),
    Bug(
        "the ledger is not told what a first plan listed",
        "planning/memory",
        "            self._ledger.consider(gaps, first)\n",
        "            pass\n",
        "flows/test_ledger::test_a_gap_of_the_first_plan_that_was_left_is_no_work_for_a_job",
    ),
    Bug(
        "a job plans as a person does",
        "planning/memory",
        "judge(pair, unattended=self._unattended)",
        "judge(pair, unattended=False)",
        "flows/test_ledger::test_a_gap_of_the_first_plan_that_was_left_is_no_work_for_a_job",
    ),
    Bug(
        "forgetting mixes up the numbers of operations",
        "jobs/erasure/run_files",
        "{old: new for new, old in enumerate(order)}",
        "{old: new for new, old in enumerate(reversed(order))}",
        "jobs/test_erasure::test_a_person_leaves_everything_and_what_others_need_stays_true",
    ),
    Bug(
        "forgetting unties a rollback from its run",
        "jobs/erasure/run_files",
        "            substitutions.put(entry.chain, chain)\n",
        "            pass\n",
        "jobs/test_erasure::test_a_rollback_is_still_one_of_its_run",
    ),
    Bug(
        "forgetting does not look at what is to be rolled back",
        "jobs/erasure/forget",
        " or run.plan.plan_id in undone:",
        ":",
        "jobs/test_erasure::test_a_run_that_is_not_at_its_end_is_left_with_what_it_takes_back",
    ),
    Bug(
        "forgetting does not end what a kill left",
        "jobs/erasure/forget",
        "    finish(account_folder)\n    with ExitStack()",
        "    with ExitStack()",
        "jobs/test_erasure::test_a_kill_at_any_step_is_ended_by_the_next_call",
    ),
    Bug(
        "forgetting does not tell the ledger the new ids",
        "history/forget",
        "            _rename(db, plans, digests)\n",
        "",
        "jobs/test_erasure::test_the_ledger_goes_on_with_the_new_ids_of_plans_and_snapshots",
    ),
    Bug(
        "client: names stay in what each gives",
        "api/listings/personal",
        "            if name not in names\n",
        "            if True\n",
        "api/listings/test_every_listing::test_a_listing_is_a_complete_frame_without_personal_fields",
    ),
    Bug(
        "client: names are asked for",
        "api/requests/reading",
        'if "include" not in self._query and self.listing.fields:',
        "if False:",
        "api/requests/test_reading::test_names_are_asked_for_only_with_personal",
    ),
    Bug(
        "client: a type may name people",
        "api/listings/personal",
        "if personal := sorted(found.intersection(listing.personal)):",
        "if personal := []:",
        "api/requests/test_reading::test_a_type_or_include_that_would_bring_a_name_is_refused",
    ),
    Bug(
        "client: a misspelt filter is sent",
        "api/listings/filters",
        "if kind is None and name not in paging:",
        "if False:",
        "api/listings/test_filters::test_a_misspelt_filter_is_refused_before_anything_is_sent",
    ),
    Bug(
        "client: an empty filter reads everything",
        "api/listings/filters",
        "if value is None or (isinstance(value, Sized) and len(value) == 0):",
        "if False:",
        "api/listings/test_filters::test_an_empty_filter_is_refused_as_lever_would_send_everything",
    ),
    Bug(
        "client: a moment without a zone is taken",
        "api/listings/filters",
        "if value.tzinfo is None:",
        "if False:",
        "api/listings/test_filters::test_a_moment_that_may_be_another_is_refused",
    ),
    Bug(
        "client: pages leave confidential ones out",
        "api/requests/reads",
        "            query |= yield from self.confidentiality(known)\n",
        "            pass\n",
        "api/requests/test_reading::test_confidential_ones_are_asked_for_and_where_they_may_not_be_seen_the_result_says_so",
    ),
    Bug(
        "client: rows that moved are not named",
        "api/requests/reading",
        'if self._announced and first not in ("", self._announced) and self._is_row(self._announced):',
        "if False:",
        "api/requests/test_reading::test_a_page_that_does_not_begin_as_announced_is_named",
    ),
    Bug(
        "client: limit is how many a request carries",
        "api/requests/reading",
        "        kept = found[: self._left]\n",
        "        kept = found\n",
        "api/requests/test_reading::test_limit_is_how_many_items_come_and_page_size_how_many_a_request_carries",
    ),
    Bug(
        "client: each process refreshes for itself",
        "api/oauth",
        "self._adopt(self._read() or self._tokens)",
        "self._adopt(self._tokens)",
        "api/test_oauth::test_many_processes_and_threads_refresh_once",
    ),
    Bug(
        "client: others may read the tokens",
        "api/oauth",
        "_encoded(tokens, self._first))",
        "_encoded(tokens, self._first), mode=0o644)",
        "api/test_oauth::test_a_token_is_got_kept_for_its_owner_alone_and_used_by_the_next_client",
    ),
    Bug(
        "client: the log shows whom a filter names",
        "api/requests/log",
        'return str(one) if name in SHOWN or name.endswith(ENDS) else "…"',
        "return str(one)",
        "api/requests/test_log::test_each_request_is_a_line_without_personal_values",
    ),
    Bug(
        "contract check: texts stay in its recordings",
        "doctor/contract/scrubbing/scrub",
        'return self._replace("person" if key in NAMES else "text", text)',
        "return text",
        "doctor/contract/test_scrub::test_no_planted_name_id_or_time_is_in_any_file_that_is_passed_on",
    ),
    Bug(
        "contract check: unknown numbers stay in its recordings",
        "doctor/contract/scrubbing/scrub",
        "        if not is_time:\n            return 0\n",
        "",
        "doctor/contract/test_scrub::test_keys_numbers_headers_and_addresses_that_are_not_levers_go",
    ),
    Bug(
        "contract check: names in errors of Lever stay in its recordings",
        "doctor/contract/scrubbing/scrub",
        'return word if bare in known.MESSAGE or word.startswith("/v1/leverkit") else "…"',
        "return word",
        "doctor/contract/test_scrub::test_what_lever_says_stays_and_what_names_somebody_goes",
    ),
    Bug(
        "contract check: tags of the test opportunity are not put back",
        "doctor/contract/writing/session",
        "        _restore(writer, subject, keeper)\n",
        "        pass\n",
        "doctor/contract/test_writing::test_tags_are_put_back_after_an_interruption_or_by_the_next_check",
    ),
    Bug(
        "contract check: tags that others added are removed",
        "doctor/contract/writing/step",
        "if tag not in self.tags and (is_marked(tag) or self._is_cut(tag))]",
        "if tag not in self.tags]",
        "doctor/contract/test_writing::test_what_others_add_meanwhile_stays",
    ),
    Bug(
        "contract check: an opportunity that nobody named is written to",
        "doctor/contract/writing/writer",
        "        if not self._opportunity:\n",
        "        if False:\n",
        "doctor/contract/test_writing::test_nothing_is_written_without_an_opportunity_that_is_named_and_seen",
    ),
    Bug(
        "contract check: what shows once is reported",
        "doctor/contract/check",
        "    return confirmed_twice(found, again)\n",
        "    return found\n",
        "doctor/contract/test_check::test_a_refutation_that_does_not_show_again_is_none",
    ),
    Bug(
        "a copy tells the ledger what it holds",
        "jobs/ledger",
        "    if snapshot.is_copy:\n",
        "    if False:\n",
        "jobs/test_copies::test_what_people_removed_by_the_ledger_is_not_planned_from_a_copy_which_tells_it_nothing",
    ),
    Bug(
        "a copy is taken for one of any account",
        "snapshot/warehouse/refreshing",
        "    if not theirs or agree < LEAST * len(theirs):\n",
        "    if False:\n",
        "jobs/test_copies::test_a_copy_of_another_account_is_refused_and_one_without_a_key_is_not_planned",
    ),
    Bug(
        "a plan from a copy is made without what was read again",
        "snapshot/tables",
        "for opportunity in fresh)",
        "for opportunity in ())",
        "jobs/test_copies::test_a_plan_from_a_copy_is_of_what_the_account_holds_now_and_is_verified",
    ),
    Bug(
        "tags of an older row of an opportunity count too",
        "snapshot/warehouse/assembly",
        "AND (seen_at IS NULL OR seen_at = version)",
        "",
        "snapshot/warehouse/test_reading::test_tags_of_an_older_row_are_not_those_of_the_latest",
    ),
    Bug(
        "seconds are taken for milliseconds",
        "snapshot/warehouse/values",
        "THEN 1000 WHEN",
        "THEN 1 WHEN",
        "snapshot/warehouse/test_reading::test_times_in_seconds_are_taken_as_such_and_counted",
    ),
)


def planted(bug: Bug, folder: Path) -> None:
    """Copy package and tests into a folder and plant a bug there."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("leverkit", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    file = folder / bug.file
    text = file.read_text(encoding="utf-8")
    if text.count(bug.text) != 1:
        raise SystemExit(f"{bug.name}: {bug.text!r} stands {text.count(bug.text)} times in {bug.file}")
    file.write_text(text.replace(bug.text, bug.instead), encoding="utf-8")


def caught(bug: Bug) -> bool:
    """Return True if the named test fails, by itself and in time, with the bug planted."""
    with tempfile.TemporaryDirectory(prefix="leverkit-mutation-") as folder:
        planted(bug, Path(folder))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--timeout=60",
            bug.node,
        ]
        environ = os.environ | {"PYTHONPATH": folder}
        ended = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    if ended.returncode not in (0, 1):
        raise SystemExit(f"{bug.node}: pytest ended with {ended.returncode}\n{ended.stdout[-2000:]}")
    return ended.returncode == 1


def table(bugs: Iterable[Bug]) -> int:
    """Plant bugs, two at a time, print which were caught by which test, and return how many were missed."""
    missed, bugs = 0, list(bugs)
    with ThreadPoolExecutor(2) as pool:
        for bug, found in zip(bugs, pool.map(caught, bugs), strict=True):
            missed += not found
            print(f"{'caught' if found else 'MISSED'}  {bug.name} ({bug.file}) by {bug.node}", flush=True)
    return missed


def main() -> None:
    """Plant the bugs whose names hold the word given, or all."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    bugs = [bug for bug in BUGS if word in bug.name]
    missed = table(bugs)
    print(f"{len(bugs) - missed} of {len(bugs)} planted bugs caught")
    sys.exit(1 if missed or not bugs else 0)


if __name__ == "__main__":
    main()
