"""Look words up: exact names and aliases, then typing slips, then full text. Built once, read by many threads."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.domain.pack import Case, Checklist, Kit, Scenario, Template, Term
from content.words import ASKED_LIMIT, asked, normal, singulars, tokens, without_article

SUGGESTIONS = 3
_SHORT_WORD = 5  # up to here one slip is allowed, above it two
_QUERY_TOKENS = 12
_K1, _B = 1.2, 0.75  # the customary BM25 constants (Robertson and Zaragoza 2009)


class Names:
    """Every name of every term, by its normal form, and by its length and ends."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._exact: dict[str, str] = {}
        names = [(name, term.id) for term in terms for name in spellings(term)]
        # Real names first, so that a derived singular never hides a term of that very name.
        for name, term_id in names:
            self._exact.setdefault(name, term_id)
        self._by_ends: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
        for name in self._exact:
            self._by_ends[len(name), name[0], ""].append(name)
            self._by_ends[len(name), "", name[-1]].append(name)
        for name, term_id in names:
            for singular in singulars(name):
                self._exact.setdefault(singular, term_id)

    def exact(self, words: str) -> str | None:
        """The id of the term that is called ``words`` (normal form), in the singular or the plural."""
        return next((self._exact[form] for form in singulars(words) if form in self._exact), None)

    def near(self, words: str) -> list[str]:
        """Ids of at most three terms one slip away, or two for more than five letters; nearest first."""
        if len(words) < 2:
            return []
        slips = 1 if len(words) <= _SHORT_WORD else 2
        found = sorted(self._within(words, slips), key=lambda hit: (hit[0], hit[1][0] != words[0], hit[1]))
        return list(dict.fromkeys(self._exact[name] for _, name in found))[:SUGGESTIONS]

    def _within(self, words: str, slips: int) -> Iterator[tuple[float, str]]:
        """Names of about that length with the same first or the same last letter.

        One slip cannot change both ends, two seldom do: a tenth of the names to compare for next to nothing missed.
        """
        for length in range(len(words) - slips, len(words) + slips + 1):
            for ends in ((words[0], ""), ("", words[-1])):
                if bucket := self._by_ends.get((length, *ends)):
                    hits = process.extract(
                        words, bucket, scorer=OSA.distance, processor=None, score_cutoff=slips, limit=2 * SUGGESTIONS
                    )
                    yield from ((distance, name) for name, distance, _ in hits)


class FullText:
    """A small inverted index, ranked by BM25. A document is a key and weighted texts."""

    def __init__(self, documents: Iterable[tuple[str, Sequence[tuple[int, str]]]]) -> None:
        self._keys: list[str] = []
        self._lengths: list[int] = []
        self._postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for key, texts in documents:
            self._add(key, texts)
        self._mean = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0

    def best(self, words: str, limit: int, among: Container[str] | None = None) -> list[str]:
        """The keys of the best documents; one that holds more of the words always comes before one that holds fewer."""
        scores: defaultdict[int, float] = defaultdict(float)
        matched: Counter[int] = Counter()
        for token in dict.fromkeys(tokens(words[:ASKED_LIMIT])[:_QUERY_TOKENS]):
            postings = self._postings.get(token, ())
            rarity = math.log(1 + (len(self._keys) - len(postings) + 0.5) / (len(postings) + 0.5))
            for document, count in postings:
                scores[document] += rarity * self._saturated(document, count)
                matched[document] += 1
        wanted = (one for one in scores if among is None or self._keys[one] in among)
        best = heapq.nsmallest(limit, wanted, key=lambda one: (-matched[one], -scores[one], self._keys[one]))
        return [self._keys[one] for one in best]

    def _add(self, key: str, texts: Sequence[tuple[int, str]]) -> None:
        counts: Counter[str] = Counter()
        for weight, text in texts:
            counts.update(tokens(text) * weight)
        for token, count in counts.items():
            self._postings[token].append((len(self._keys), count))
        self._keys.append(key)
        self._lengths.append(counts.total())

    def _saturated(self, document: int, count: int) -> float:
        length = 1 - _B + _B * self._lengths[document] / self._mean
        return count * (_K1 + 1) / (count + _K1 * length)


class Glossary:
    """The look-up behind ``define``; ``text`` may hold more than the terms."""

    def __init__(self, terms: Mapping[str, Term], text: FullText) -> None:
        self._terms = terms
        self._names = Names(terms.values())
        self._text = text

    def find(self, words: str) -> tuple[str, list[str]]:
        """How it was found (``exact``, ``near``, ``text`` or ``none``) and the ids, best first."""
        key = asked(words)
        bare = without_article(key)  # only a second try: a name such as "A/B test" begins with one
        if exact := self._names.exact(key) or self._names.exact(bare):
            return "exact", [exact]
        key = bare
        if near := self._names.near(key):
            return "near", near
        text = self._text.best(key, SUGGESTIONS, among=self._terms)
        return ("text" if text else "none"), text


def spellings(term: Term) -> list[str]:
    """Normal forms of a term's names; "Key indicator (KPI)" is also known by each of its halves."""
    names = chain.from_iterable((name, *_halves(name)) for name in (term.term, *term.aliases))
    return list(dict.fromkeys(form for form in map(normal, names) if form))


def term_texts(term: Term) -> list[tuple[int, str]]:
    """What full text knows of a term, with weights."""
    return [
        (4, f"{term.term} {' '.join(term.aliases)}"),
        (2, term.short),
        (1, f"{term.plain} {term.precise} {term.example} {term.not_this}"),
    ]


def practice_texts(item: Scenario | Checklist | Template | Case | Kit) -> list[tuple[int, str]]:
    """What full text knows of something to practise with, with weights."""
    match item:
        case Scenario():
            said = (node.say for node in item.nodes.values())
            return [(3, item.title), (2, " ".join(item.objectives)), (1, " ".join(said))]
        case Checklist():
            return [(3, item.title), (2, item.when), (1, " ".join(f"{one.text} {one.why}" for one in item.items))]
        case Template():
            return [(3, item.title), (2, item.purpose), (1, " ".join(one.label for one in item.fields))]
        case Case():
            return [(3, item.title), (1, item.body)]
        case Kit():
            return [(3, item.title), (2, item.audience), (1, item.body)]


def _halves(name: str) -> tuple[str, ...]:
    before, bracket, inside = name.partition("(")
    return (before, inside.rstrip(") ")) if bracket else ()
