"""The engine and the oracle on the same question, and the smallest case where they differ."""

from __future__ import annotations

import copy
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import yaml

from tests.oracle.objects import Options, read_cluster
from tests.oracle.questions import Answer, Refused, Unsettled, ask
from tests.oracle.search import TooManyCompletions
from tests.properties.clusters import Given, Object, Question, end_text, questions, scenario

SHRINK_SECONDS = 20.0


@dataclass(frozen=True)
class Difference:
    """One question on which engine and oracle differ; ``engine`` may be the text of an exception."""

    objects: list[Object]
    given: Given
    question: Question
    engine: str
    oracle: str
    seed: int = 0

    def __str__(self) -> str:
        asked = self.question
        head = [
            f"# seed {self.seed}: {asked}",
            f"# engine {self.engine}, oracle {self.oracle}; {self.given}",
        ]
        return "\n".join(head) + "\n" + yaml.safe_dump_all(self.objects, sort_keys=False)


def load(objects: list[Object], given: Given) -> Any:
    """The engine's world: every other one keeps all that policies match as masks, as large clusters do."""
    from ringfence import loading
    from ringfence.layers.network.form import Form
    from ringfence.layers.network.relation import Relation
    from ringfence.layers.profiles import Fact, Reading, find
    from ringfence.world import World

    profile = find(given.cni)
    if given.answers:
        profile = profile.with_answers(
            {Fact(name): Reading(value, "pinned", "pinned") for name, value in given.answers}
        )
    if given.nodes or given.elsewhere is not True:
        profile = profile.with_nodes(dict(given.nodes), given.elsewhere)
    found = loading.load_objects(
        copy.deepcopy(objects),
        cni=profile,
        assume_no_labels=given.assume_no_labels,
        pod_cidrs=given.pod_cidrs,
        service_cidrs=given.service_cidrs,
        node_cidrs=given.node_cidrs,
    )
    if len(objects) % 2:
        return found
    masks = Form(near_namespaces=0, near_columns=0, near_ends=0, indexed_namespaces=0, shared_selections=0)
    relation = Relation(found.cluster, found.profile, form=masks)
    return World(found.cluster, found.profile, found.given, relation)


def options(given: Given) -> Options:
    """The same for the oracle."""
    return Options(
        given.cni,
        given.assume_no_labels,
        given.pod_cidrs,
        given.service_cidrs,
        given.node_cidrs,
        given.answers,
        given.nodes,
        given.elsewhere,
    )


def engine_answer(world: Any, question: Question) -> Any:
    """The engine's whole answer."""
    return world.can(
        end_text(question.source), end_text(question.destination), port=question.port, protocol=question.protocol
    )


def engine_verdict(world: Any, question: Question) -> str:
    """The engine's verdict; "refused" where the destination lacks the port's name; any other exception is wrong."""
    from ringfence.verdict.ends import EndError

    try:
        return str(engine_answer(world, question).verdict.value)
    except EndError as error:
        return "refused" if " port named " in str(error) else f"EndError: {error}"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"


def oracle_answer(cluster: Any, question: Question) -> Answer:
    """The oracle's whole answer."""
    return ask(cluster, question.source, question.destination, question.protocol, question.port)


def oracle_verdict(cluster: Any, question: Question) -> str | None:
    """The oracle's verdict, or "refused"; None where it would take too long or tries too much."""
    try:
        return oracle_answer(cluster, question).verdict
    except Refused:
        return "refused"
    except (TooManyCompletions, Unsettled):
        return None


def differences(seed: int, flows: int, profiles: Sequence[str] = ()) -> Iterator[Difference | None]:
    """Compare ``flows`` questions about the cluster of one seed; None for each that agrees or is not decided.
    ``profiles``: a random one of them for each cluster, with facts pinned."""
    random = Random(seed)
    made = scenario(random, profiles)
    yield from compare(made.objects, made.given, questions(random, made, flows), seed)


def compare(
    objects: list[Object], given: Given, asked: Iterable[Question], seed: int = 0
) -> Iterator[Difference | None]:
    """Compare some questions about one cluster; None for each that agrees or is not decided."""
    cluster = read_cluster(objects, options(given))
    world: Any = None
    failure = ""
    try:
        world = load(objects, given)
    except Exception as error:
        failure = f"load: {type(error).__name__}: {error}"
    for question in asked:
        engine, oracle = failure or engine_verdict(world, question), oracle_verdict(cluster, question)
        same = oracle is None or engine == oracle
        yield None if same else Difference(objects, given, question, engine, str(oracle), seed)
        if failure:
            return


# the smallest case


def differ(case: Difference) -> Difference | None:
    """The case with its verdicts taken anew; None where both agree, or where either cannot be asked any more."""
    try:
        oracle = oracle_verdict(read_cluster(case.objects, options(case.given)), case.question)
        engine = engine_verdict(load(case.objects, case.given), case.question)
    except Exception:
        return None
    if oracle is None or engine == oracle or ("Error" in engine and "Error" not in case.engine):
        return None
    return replace(case, engine=engine, oracle=oracle)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every part that could be left out, larger ones first."""
    if isinstance(value, dict):
        keys: list[Any] = [key for key in value if path or key != "kind"]
    else:
        keys = list(range(len(value) - 1, -1, -1)) if isinstance(value, list) else []
    for key in keys:
        yield (*path, key)
    for key in keys:
        yield from paths(value[key], (*path, key))


def without(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy that lacks one part."""
    done = copy.deepcopy(value)
    at = done
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return done


def smallest(case: Difference, seconds: float = SHRINK_SECONDS) -> Difference:
    """Leave out objects and fields as long as the two still differ in the same way."""
    kind = (case.engine.split(":")[0], case.oracle)
    end = time.monotonic() + seconds
    shrunk = True
    while shrunk and time.monotonic() < end:
        shrunk = False
        for path in list(paths(case.objects)):
            if time.monotonic() > end:
                break
            try:
                smaller = differ(replace(case, objects=without(case.objects, path)))
            except (KeyError, IndexError, TypeError):
                continue
            if smaller is not None and (smaller.engine.split(":")[0], smaller.oracle) == kind:
                case, shrunk = smaller, True
    return case
