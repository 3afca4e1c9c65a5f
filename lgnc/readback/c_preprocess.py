"""A C file and what it includes -> the text that a compiler without extensions sees: macros expanded, branches chosen.

Nothing is predefined, so a file takes its plain C99 branches. Standard headers are known by name, and stand for their
types alone. What is not known here is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lgnc.diagnostics import BadInput
from lgnc.readback.c_arithmetic import divided, remainder
from lgnc.readback.source import text_of

HEADERS = ("stdint.h", "stddef.h", "string.h", "float.h")
LIST = "lgnc_list_"
"""A long list of plain integers becomes this and its number: `Preprocessed.lists` has the integers."""

MOST_TOKENS = 20_000_000
_DEPTH = 20
_TOKEN = re.compile(
    r"""[A-Za-z_]\w* | \.?[0-9](?:[eEpP][+-]|[\w.])* | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)+'
    | <<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\# | [^\s]""",
    re.VERBOSE,
)
_INTEGERS = re.compile(r"\{\s*(?:[0-9]{1,10}\s*,\s*){16,}(?:[0-9]{1,10}\s*)?\}")
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)[uUlL]*")
_DEFINED = re.compile(r"\bdefined(?:\s*\(\s*([A-Za-z_]\w*)\s*\)|\s+([A-Za-z_]\w*))")
_COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', re.DOTALL)


class Token(NamedTuple):
    text: str
    line: int


@dataclass(frozen=True)
class Macro:
    """parameters: None for one that takes no arguments."""

    parameters: tuple[str, ...] | None
    body: tuple[Token, ...]


@dataclass(frozen=True)
class Preprocessed:
    """text: with `# line "file"` marks. macros: those at the end. lists: the integers of long tables."""

    text: str
    macros: dict[str, Macro]
    lists: list[list[int]]


def preprocess(path: Path) -> Preprocessed:
    """The file's text as a compiler sees it. Raises BadInput with file and line."""
    work = _Preprocessor(path)
    work.file(path, 0)
    return Preprocessed("".join(work.out), work.macros, work.lists)


class _Preprocessor:
    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.macros: dict[str, Macro] = {}
        for name, suffix in (("INT64_C", "L"), ("UINT64_C", "UL"), ("INT32_C", ""), ("UINT32_C", "U")):
            body = (Token("c", 0), Token("##", 0), Token(suffix, 0)) if suffix else (Token("c", 0),)
            self.macros[name] = Macro(("c",), body)
        self.lists: list[list[int]] = []
        self.texts: dict[Path, str] = {}
        self.out: list[str] = []
        self.made = 0
        self.path = path

    def refuse(self, what: str, line: int) -> BadInput:
        return BadInput(what, where=f"{self.path}:{line}", fix="compile it again")

    def _plain(self, path: Path) -> str:
        """The text without comments and joined lines, long lists taken out; lines keep their numbers."""
        if path not in self.texts:
            text = text_of(path)
            if LIST in text:
                raise BadInput(f"has the name '{LIST}'", where=str(path), fix="compile it again")
            text = text.replace("\\\r\n", "\\\n")
            while match := re.search(r"(?:[^\n]*\\\n)+[^\n]*", text):
                joined = match[0].replace("\\\n", " ") + "\n" * match[0].count("\\\n")
                text = text[: match.start()] + joined + text[match.end() :]
            text = _COMMENT.sub(lambda m: m[0] if m[0][0] == '"' else " " + "\n" * m[0].count("\n"), text)
            self.texts[path] = _INTEGERS.sub(self._list, text)
        return self.texts[path]

    def _list(self, match: re.Match[str]) -> str:
        self.lists.append([int(number) for number in match[0].strip("{} \n").rstrip(", \n").split(",")])
        return f"{{ {LIST}{len(self.lists) - 1} }}" + "\n" * match[0].count("\n")

    def file(self, path: Path, depth: int) -> None:
        if depth > _DEPTH:
            raise self.refuse("files include each other without an end", 1)
        outer, self.path = self.path, path
        waiting: list[Token] = []
        states: list[tuple[bool, bool]] = []
        for number, line in enumerate(self._plain(path).split("\n"), 1):
            stripped = line.lstrip()
            active = all(now for now, _ in states)
            if stripped.startswith("#"):
                if active:
                    self._emit(waiting)
                    waiting = []
                self._directive(stripped[1:].strip(), number, states, depth)
            elif active and stripped:
                waiting += [Token(text, number) for text in _TOKEN.findall(line)]
        self._emit(waiting)
        if states:
            raise self.refuse("an #if has no #endif", number)
        self.path = outer

    def _emit(self, tokens: list[Token]) -> None:
        if not tokens:
            return
        expanded = self.expand(tokens, frozenset())
        self.made += len(expanded)
        if self.made > MOST_TOKENS:
            raise self.refuse(f"more than {MOST_TOKENS:,} words", tokens[0].line)
        line = expanded[0].line if expanded else 0
        parts = [f'\n# {line} "{self.path.name}"\n']
        for token in expanded:
            if token.line > line:
                parts.append("\n" * (token.line - line))
                line = token.line
            parts.append(token.text)
            parts.append(" ")
        parts.append("\n")
        self.out.append("".join(parts))

    def _directive(self, text: str, line: int, states: list[tuple[bool, bool]], depth: int) -> None:
        """states: of each open #if, whether its branch is taken, and whether one was."""
        word, _, rest = text.partition(" ")
        rest = rest.strip()
        above = all(now for now, _ in states)
        if word in ("if", "ifdef", "ifndef"):
            taken = above and self._condition(word, rest, line)
            states.append((taken, taken))
        elif word in ("elif", "else", "endif"):
            if not states:
                raise self.refuse(f"#{word} without an #if", line)
            _, done = states.pop()
            above = all(now for now, _ in states)
            if word != "endif":
                taken = above and not done and (word == "else" or self._condition("if", rest, line))
                states.append((taken, done or taken))
        elif above:
            self._active(word, rest, line, depth)

    def _condition(self, word: str, rest: str, line: int) -> bool:
        if word != "if":
            return (rest in self.macros) == (word == "ifdef")
        known = _DEFINED.sub(lambda m: str(int((m[1] or m[2]) in self.macros)), rest)
        tokens = self.expand([Token(text, line) for text in _TOKEN.findall(known)], frozenset())
        return bool(_Condition([token.text for token in tokens], lambda what: self.refuse(what, line)).value())

    def _active(self, word: str, rest: str, line: int, depth: int) -> None:
        if word == "define":
            match = re.fullmatch(r"([A-Za-z_]\w*)(\(([^)]*)\))?(.*)", rest, re.DOTALL)
            if match is None:
                raise self.refuse("a #define that is not understood", line)
            names = None if match[2] is None else tuple(filter(None, (name.strip() for name in match[3].split(","))))
            body = tuple(Token(text, line) for text in _TOKEN.findall(match[4]))
            if any(token.text in ("#", "##", "...") for token in body) or "..." in (names or ()):
                raise self.refuse("a macro with #, ## or ... is not read back", line)
            self.macros[match[1]] = Macro(names, body)
        elif word == "undef":
            self.macros.pop(rest, None)
        elif word == "include":
            self._include(rest, line, depth)
        else:
            raise self.refuse(f"#{word} is not read back", line)

    def _include(self, rest: str, line: int, depth: int) -> None:
        if not rest.startswith(("<", '"')):
            rest = "".join(token.text for token in self.expand([Token(rest, line)], frozenset()))
        name = rest[1:-1]
        if rest.startswith("<"):
            if name not in HEADERS:
                raise self.refuse(f"header '{name}' is not known", line)
            if name in ("stddef.h", "string.h"):
                self.macros["NULL"] = Macro(None, (Token("0", line),))
            if name == "float.h":
                for macro, value in (("FLT_MANT_DIG", "24"), ("DBL_MANT_DIG", "53")):
                    self.macros[macro] = Macro(None, (Token(value, line),))
            return
        if not re.fullmatch(r"[A-Za-z_]\w*\.[ch]", name):
            raise self.refuse(f"include of '{name}' is not read back", line)
        self.file(self.folder / name, depth + 1)

    def expand(self, tokens: Sequence[Token], hidden: frozenset[str]) -> list[Token]:
        """Tokens with every macro but the hidden ones expanded."""
        out: list[Token] = []
        place = 0
        while place < len(tokens):
            token = tokens[place]
            place += 1
            macro = self.macros.get(token.text) if token.text not in hidden else None
            if macro is None:
                out.append(token)
                continue
            arguments: list[list[Token]] = []
            if macro.parameters is not None:
                if place >= len(tokens) or tokens[place].text != "(":
                    out.append(token)
                    continue
                arguments, place = self._arguments(tokens, place + 1, token)
                if macro.parameters == () and arguments == [[]]:
                    arguments = []
                if len(arguments) != len(macro.parameters):
                    raise self.refuse(f"macro '{token.text}' is given {len(arguments)} arguments", token.line)
            body = self._body(macro, arguments, token.line, hidden)
            out += self.expand(body, hidden | {token.text})
        return out

    def _arguments(self, tokens: Sequence[Token], place: int, macro: Token) -> tuple[list[list[Token]], int]:
        """(the arguments from after the bracket on, the place behind the closing one)."""
        arguments: list[list[Token]] = [[]]
        depth = 0
        for at in range(place, len(tokens)):
            text = tokens[at].text
            if text == ")" and depth == 0:
                return arguments, at + 1
            depth += (text == "(") - (text == ")")
            if text == "," and depth == 0:
                arguments.append([])
            else:
                arguments[-1].append(tokens[at])
        raise self.refuse(f"the arguments of macro '{macro.text}' do not end", macro.line)

    def _body(self, macro: Macro, arguments: list[list[Token]], line: int, hidden: frozenset[str]) -> list[Token]:
        """A macro's body with its arguments in it; at the line of its use."""
        given = dict(zip(macro.parameters or (), arguments, strict=True))
        out: list[Token] = []
        for index, token in enumerate(macro.body):
            if index + 1 < len(macro.body) and macro.body[index + 1].text == "##":
                pasted = "".join(each.text for each in self.expand(given[token.text], hidden))
                out.append(Token(pasted + macro.body[index + 2].text, line))
                break
            if token.text in given:
                out += [Token(each.text, line) for each in self.expand(given[token.text], hidden)]
            else:
                out.append(Token(token.text, line))
        return out


class _Condition:
    """The value of an #if's expression: integers of 64 bits, with C's precedence; names that are no macro are 0.

    Where a number is unsigned, one below 0 is refused, which C would make a large one.
    """

    _LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="),
               ("<<", ">>"), ("+", "-"), ("*", "/", "%"))  # fmt: skip

    def __init__(self, tokens: list[str], refuse: Callable[[str], BadInput]) -> None:
        self.tokens, self.place, self.refuse = tokens, 0, refuse
        unsigned = any(_NUMBER.fullmatch(token) and "u" in token.lower() for token in tokens)
        self.least = 0 if unsigned else -(1 << 63)

    def value(self) -> int:
        found = self._level(0)
        if self.place != len(self.tokens):
            raise self.refuse(f"'{self.tokens[self.place]}' in an #if is not read back")
        return found

    def _next(self) -> str:
        self.place += 1
        if self.place > len(self.tokens):
            raise self.refuse("an #if ends too early")
        return self.tokens[self.place - 1]

    def _level(self, level: int) -> int:
        if level == len(self._LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self.place < len(self.tokens) and self.tokens[self.place] in self._LEVELS[level]:
            sign = self._next()
            left = self._apply(sign, left, self._level(level + 1))
        return left

    def _apply(self, sign: str, x: int, y: int) -> int:
        if sign in "/%" and y == 0:
            raise self.refuse("an #if divides by zero")
        if sign in ("<<", ">>") and not 0 <= y < 64:
            raise self.refuse("an #if shifts by a number of bits that C does not know")
        rules: dict[str, Callable[[], int]] = {
            "||": lambda: x or y, "&&": lambda: x and y, "==": lambda: x == y, "!=": lambda: x != y,
            "<": lambda: x < y, ">": lambda: x > y, "<=": lambda: x <= y, ">=": lambda: x >= y,
            "|": lambda: x | y, "^": lambda: x ^ y, "&": lambda: x & y,
            "<<": lambda: x << y, ">>": lambda: x >> y, "+": lambda: x + y, "-": lambda: x - y,
            "*": lambda: x * y, "/": lambda: divided(x, y), "%": lambda: remainder(x, y),
        }  # fmt: skip
        found = rules[sign]()
        return self._held(int(bool(found)) if sign in ("||", "&&") else int(found))

    def _held(self, value: int) -> int:
        if not self.least <= value < 1 << 63:
            raise self.refuse(f"{value} in an #if is not read back")
        return value

    def _unary(self) -> int:
        token = self._next()
        if token in ("!", "-"):
            value = self._unary()
            return int(not value) if token == "!" else self._held(-value)
        if token == "(":
            value = self._level(0)
            if self._next() != ")":
                raise self.refuse("an #if's bracket does not close")
            return value
        if re.fullmatch(r"[A-Za-z_]\w*", token):
            return 0
        match = _NUMBER.fullmatch(token)
        if match is None:
            raise self.refuse(f"'{token}' in an #if is not read back")
        return self._held(int(match[1], 16 if match[1][:2].lower() == "0x" else 8 if match[1][0] == "0" else 10))
