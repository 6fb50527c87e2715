"""Forms as HTML: real inputs with labels, hints and room for an error beside each."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from bot.domain.wording import clean, one_line
from bot.messages import (
    DateInput,
    Form,
    FormField,
    MemberInput,
    MultiInput,
    NumberInput,
    Pick,
    SearchInput,
    SelectInput,
    TextInput,
    TimeInput,
)

Members = Mapping[str, str]  # names by account, for people pickers
_NOTHING = Markup("")


def form_html(form: Form, intro: Markup, prefix: str, members: Members) -> Markup:
    """The form; its ids begin with ``prefix`` so that several can stand on one page."""
    fields = Markup("").join(_field(one, f"{prefix}-{at}", members) for at, one in enumerate(form.fields))
    return Markup(
        '<form class="form" data-form="{id}" data-ref="{ref}" novalidate aria-labelledby="{prefix}-title">'
        '<h3 id="{prefix}-title">{title}</h3>{intro}{fields}'
        '<div class="form-end"><button type="submit" class="button primary">{submit}</button></div></form>'
    ).format(
        id=form.id,
        ref=form.ref,
        prefix=prefix,
        title=one_line(form.title),
        intro=intro,
        fields=fields,
        submit=one_line(form.submit),
    )


def _field(field: FormField, id: str, members: Members) -> Markup:
    hint = (
        Markup('<p class="hint" id="{id}-hint">{words}</p>').format(id=id, words=clean(field.hint))
        if field.hint
        else Markup("")
    )
    error = Markup('<p class="field-error" id="{id}-error" hidden></p>').format(id=id)
    optional = Markup("") if field.required else Markup(' <span class="optional">optional</span>')
    if isinstance(field, MultiInput):
        return _boxes(field, id, hint, error, optional)
    return Markup(
        '<div class="field" data-field="{name}"><label for="{id}">{label}{optional}</label>{hint}{control}{error}</div>'
    ).format(
        name=field.name, id=id, label=one_line(field.label), optional=optional, hint=hint,
        control=_control(field, id, members), error=error,
    )  # fmt: skip


def _boxes(field: MultiInput, id: str, hint: Markup, error: Markup, optional: Markup) -> Markup:
    boxes = Markup("").join(
        Markup(
            '<label class="tick-box"><input type="checkbox" name="{name}" value="{value}"{on}> {label}</label>'
        ).format(
            name=field.name, value=one.value, on=_flag("checked", one.value in field.values), label=one_line(one.label)
        )
        for one in field.options
    )
    return Markup(
        '<fieldset class="field" data-field="{name}" data-multi aria-describedby="{id}-error">'
        "<legend>{label}{optional}</legend>{hint}{boxes}{error}</fieldset>"
    ).format(
        name=field.name, id=id, label=one_line(field.label), optional=optional, hint=hint, boxes=boxes, error=error
    )


def _control(field: FormField, id: str, members: Members) -> Markup:
    shared = Markup('id="{id}" name="{name}" aria-describedby="{id}-hint {id}-error"{required}').format(
        id=id, name=field.name, required=_flag("required", field.required)
    )
    match field:
        case TextInput(multiline=True):
            return Markup('<textarea {shared} rows="3" maxlength="{most}">{value}</textarea>').format(
                shared=shared, most=field.max_length, value=clean(field.value)
            )
        case TextInput():
            return _input("text", shared, one_line(field.value), Markup(' maxlength="{}"').format(field.max_length))
        case SelectInput(options=options, value=value):
            return _select(shared, options, value, required=field.required)
        case MultiInput():
            return Markup("")
        case DateInput(value=value):
            return _input("date", shared, value)
        case TimeInput(value=value):
            return _input("time", shared, value)
        case NumberInput():
            return _number(field, shared)
        case MemberInput():
            picks = tuple(Pick(account, name[:75]) for account, name in members.items())
            return _select(shared, picks, None, required=field.required)
        case SearchInput(source=source):
            listed = Markup(' list="{id}-picks" data-source="{source}" autocomplete="off"').format(id=id, source=source)
            return _input("text", shared, "", listed) + Markup('<datalist id="{id}-picks"></datalist>').format(id=id)


def _input(kind: str, shared: Markup, value: str, more: Markup = _NOTHING) -> Markup:
    return Markup('<input type="{kind}" {shared} value="{value}"{more}>').format(
        kind=kind, shared=shared, value=value, more=more
    )


def _number(field: NumberInput, shared: Markup) -> Markup:
    more = Markup(' step="any"')
    if field.low is not None:
        more += Markup(' min="{:g}"').format(field.low)
    if field.high is not None:
        more += Markup(' max="{:g}"').format(field.high)
    return _input("number", shared, "" if field.value is None else f"{field.value:g}", more)


def _select(shared: Markup, picks: tuple[Pick, ...], value: str | None, *, required: bool) -> Markup:
    empty = Markup("") if required and value is not None else Markup('<option value="">Choose one</option>')
    return Markup("<select {shared}>{empty}{options}</select>").format(
        shared=shared, empty=empty, options=options(picks, value)
    )


def options(picks: tuple[Pick, ...], chosen: str | None) -> Markup:
    """The options of a select."""
    return Markup("").join(
        Markup('<option value="{value}"{on}>{label}</option>').format(
            value=one.value, on=_flag("selected", one.value == chosen), label=one_line(one.label)
        )
        for one in picks
    )


def _flag(name: str, on: bool) -> Markup:
    return Markup(" {}").format(name) if on else _NOTHING
