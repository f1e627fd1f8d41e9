"""The probes that only read, each with the keys of the questions that it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from leverkit.doctor.contract.exchange import Probing
from leverkit.doctor.contract.probes import filters, objects, order, paging, tags
from leverkit.doctor.contract.sample import Sample


class Probe(NamedTuple):
    """A probe, and the keys of `questions.tsv` that it answers."""

    keys: tuple[str, ...]
    ask: Callable[[Sample], Probing]


OF_FIELDS = ("object_keys", "extra_fields", "no_old_fields", "empty_names", "no_emails", "null_people")
OF_HEADERS = ("header_region", "headers", "limit_headers", "no_request_id", "unknown_path", "reads_alone")
READ = (
    Probe(("updated_order", "updated_filter_nulls"), order.updates),
    Probe(("listing_order", "listing_ties", "listing_mixed"), order.default_order),
    Probe(("range_order",), order.ranges),
    Probe(("range_ends",), order.range_ends),
    Probe(("contact_ids", "comma_values", "bracket_values"), filters.contact_ids),
    Probe(("max_contact_ids",), filters.many_contacts),
    Probe(("tag_counts", "case_variants", "hostile_tags"), tags.counts),
    Probe((*paging.OF_TOKENS, *paging.OF_OFFSETS[:2]), paging.tokens),
    Probe((*paging.OF_OFFSETS[2:], *paging.OF_ERRORS), paging.offsets),
    Probe(("bad_limit",), paging.limits),
    Probe(("last_page", "list_that_fits"), paging.last_pages),
    Probe(("token_of_times", "token_of_templates"), paging.other_tokens),
    Probe(("filters_intersect",), filters.intersection),
    Probe(("tag_case",), filters.tag_case),
    Probe(("unknown_parameters",), filters.unknown_parameters),
    Probe(("expand_refused", "email_refused", "error_words"), filters.refusals),
    Probe(("tags_of_opportunity", "people_shape"), tags.owners_of_tags),
    Probe(("posting_tags_shown",), tags.posting_tags),
    Probe((*OF_FIELDS, "stage_changes", "urls"), objects.fields),
    Probe(("ids", "stage_ids"), objects.ids),
    Probe(("updated_null_share", "plain_seed"), objects.irregular),
    Probe(OF_HEADERS, objects.headers),
    Probe(("dispositions", "disposition_types", "requisition_fields"), objects.lookups),
    Probe(("candidates",), objects.candidates),
    Probe(("deleted_status",), objects.deleted),
    Probe(("expand_larger",), objects.expanded),
)
