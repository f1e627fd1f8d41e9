"""Node types of nine tree-sitter grammars, grouped by meaning, and names of calls that build strings."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


COMMENTS = word_set("comment line_comment block_comment html_comment text")
PROSE = COMMENTS | word_set("jsx_text import_statement import_declaration")
STRINGS = word_set(
    """string template_string interpreted_string_literal raw_string_literal encapsed_string heredoc
    nowdoc string_literal verbatim_string_literal interpolated_string_expression raw_string word
    ansi_c_string heredoc_body bare_string chained_string concatenated_string concatenation
    translated_string"""
)
JUXTAPOSED = word_set("concatenated_string chained_string concatenation")
QUOTES = word_set("string_start string_end interpolation_start heredoc_start heredoc_end")
CONTENTS = word_set(
    """string_content string_fragment string_value escape_sequence interpreted_string_literal_content
    heredoc_content raw_string_literal_content string_literal_content raw_string_content
    nowdoc_string multiline_string_fragment"""
)
CALLS = word_set(
    """call call_expression method_invocation invocation_expression function_call_expression
    member_call_expression nullsafe_member_call_expression scoped_call_expression
    object_creation_expression new_expression command"""
)
ENTRIES = word_set(
    "pair keyword_argument keyed_element array_element_initializer jsx_attribute named_argument"
)
DEFINITIONS = ENTRIES | word_set(
    """assignment default_parameter typed_default_parameter variable_declarator
    public_field_definition assignment_expression required_parameter optional_parameter
    assignment_pattern object_assignment_pattern const_spec var_spec short_var_declaration
    assignment_statement const_element property_element variable_assignment property_declaration
    operator_assignment enum_assignment simple_parameter keyword_parameter"""
)
FUNCTIONS = word_set(
    """function_definition method_definition arrow_function function_declaration function_expression
    method singleton_method method_declaration local_function_statement constructor_declaration
    func_literal"""
)
CLASSES = word_set(
    """class_definition class_declaration class module interface_declaration namespace_definition
    type_declaration internal_module struct_declaration record_declaration trait_declaration
    abstract_class_declaration"""
)
BRANCHES = word_set(
    """if_statement elif_clause if elsif when case_clause switch_case expression_case switch_section
    switch_rule switch_block_statement_group case_statement case_item match_conditional_expression
    if_modifier"""
)
SCOPES = FUNCTIONS | CLASSES | BRANCHES
BINARY = word_set("binary_operator binary_expression binary")
PARENTHESES = word_set(
    """parenthesized_expression as_expression non_null_expression await_expression await
    satisfies_expression cast_expression parenthesized_statements interpolation
    template_substitution expression_list literal_element argument jsx_expression
    array_element_initializer expansion unary_expression spread_element"""
)
CONDITIONALS = word_set("conditional_expression ternary_expression conditional")
ARRAYS = word_set("array list tuple array_creation_expression array_initializer literal_value")
OBJECTS = word_set("object hash dictionary array_creation_expression literal_value")
MEMBERS = word_set(
    """member_expression attribute selector_expression field_access member_access_expression
    scope_resolution class_constant_access_expression scoped_property_access_expression
    variable_name simple_expansion expansion"""
)
NAMES = MEMBERS - {"expansion"} | word_set(
    """identifier constant instance_variable class_variable global_variable property_identifier name
    qualified_name"""
)
INSIDE = word_set(
    """string_content string_fragment template_substitution interpolation parenthesized_expression
    as_expression non_null_expression"""
)
CONTAINERS = ARRAYS | word_set(
    """array_element_initializer argument argument_list arguments member_expression attribute
    selector_expression member_access_expression"""
)
ARGUMENTS = word_set("argument argument_list arguments parenthesized_expression")
UNREQUESTED = word_set("decorator jsx_attribute attribute_list annotation echo_statement")
RETURNS = word_set(
    """return_statement return body_statement block statement_block arrow_function then else
    arrow_expression_clause"""
)
COMPARISONS = word_set("== != === !== =~ < > <= >= in")
ANNOTATIONS = word_set("annotation attribute")

FORMATS = word_set("format Format sprintf Sprintf formatted printf interpolate Errorf")
JOINS = word_set("join Join implode JoinPath Combine resolve urljoin url_join pathjoin concat")
WRAPS = word_set(
    """URL URI Uri parse create encodeURI fromString freeze replace gsub sub trim strip rstrip lstrip
    toString to_s chomp String str ToString trimEnd TrimEnd ParseRequestURI Parse"""
)
APPENDS = word_set(
    """path pathSegment appendPath addPathSegment addPathSegments AppendPathSegment
    AppendPathSegments joinpath appending"""
)
BUILDERS = FORMATS | JOINS | WRAPS | APPENDS
