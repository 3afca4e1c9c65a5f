"""One Verilog module: its ports, wires and drivers, evaluated over literals once its inputs are known."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from lgnc.diagnostics import BadInput
from lgnc.ir import gates
from lgnc.readback.verilog_cells import Cell, cell_of
from lgnc.readback.verilog_netlist import Net, Netlist
from lgnc.readback.verilog_queue import carried


class Value(NamedTuple):
    """An expression's bits, lowest first, or the integer that it is; and whether it is signed."""

    bits: list[int]
    signed: bool
    integer: int | None = None


class Register(NamedTuple):
    """`always @(posedge clock) if (enable) target <= value;`, perhaps without an enable."""

    target: str
    clock: Any
    enable: Any
    value: Any
    lineno: int


_BINARY = {"And": gates.AND, "Or": gates.OR, "Xor": gates.XOR, "Xnor": gates.XNOR}
_REDUCTION = {"Uand": gates.AND, "Uor": gates.OR, "Uxor": gates.XOR}
_NUMBER = re.compile(r"([0-9]{1,8})'(s?)([bdho])([0-9a-f_]+)", re.IGNORECASE)
_BASE = {"b": 2, "d": 10, "h": 16, "o": 8}


def _kind(node: Any) -> str:
    return type(node).__name__


class Module:
    """A parsed module: `inputs` and `outputs` map a port to its width, `instantiated` names the modules it uses.

    odd: a clocked block that is more than registers, perhaps under an enable. What such a module drives is opaque, but
    for words that it only carries along (`carried`).
    """

    def __init__(self, definition: Any, where: str) -> None:
        self.where = where
        if _kind(definition) != "ModuleDef":
            raise self.refuse(definition)
        self.name: str = definition.name
        self.inputs: dict[str, int] = {}
        self.outputs: dict[str, int] = {}
        self.nets: dict[str, Net] = {}
        self.drivers: dict[str, Any] = {}
        self.instances: list[Any] = []
        self.cells: dict[int, Cell] = {}
        self.odd: Any = None
        self.statements: list[Any] = []
        if definition.paramlist is not None and definition.paramlist.params:
            raise self.refuse(definition.paramlist)
        for port in definition.portlist.ports if definition.portlist else ():
            self._port(port)
        for item in definition.items:
            self._item(item)

    @property
    def instantiated(self) -> set[str]:
        return {instance.module for instance in self.instances}

    def refuse(self, node: Any, what: str = "") -> BadInput:
        """An error at a syntax node."""
        what = what or f"'{_kind(node)}' is not read back"
        at = f"{self.where}:{getattr(node, 'lineno', 0)}"
        return BadInput(what, where=at, fix="give structural Verilog as lgnc writes it")

    def _declare(self, node: Any) -> int:
        if node.name in self.nets:
            raise self.refuse(node, f"'{node.name}' is declared twice")
        memory = bool(getattr(node, "dimensions", None))
        if memory and _kind(node) != "Reg":
            raise self.refuse(node, f"'{node.name}' is declared as an array")
        width = 1
        if node.width is not None:
            high, low = (self._index(each) for each in (node.width.msb, node.width.lsb))
            if low != 0 or not 0 <= high < 1 << 24:
                raise self.refuse(node, f"'{node.name}' has the range [{high}:{low}]; only [n:0] is read back")
            width = high + 1
        self.nets[node.name] = Net(width, bool(node.signed), memory)
        return width

    def _index(self, node: Any) -> int:
        if _kind(node) != "IntConst" or not re.fullmatch("[0-9]{1,8}", node.value):
            raise self.refuse(node, "an index is not a plain number")
        return int(node.value)

    def _port(self, port: Any) -> None:
        if _kind(port) != "Ioport" or (port.second is not None and _kind(port.second) != "Wire"):
            raise self.refuse(port)
        if _kind(port.first) == "Input":
            self.inputs[port.first.name] = self._declare(port.first)
        elif _kind(port.first) == "Output":
            self.outputs[port.first.name] = self._declare(port.first)
        else:
            raise self.refuse(port.first)

    def _item(self, item: Any) -> None:
        kind = _kind(item)
        if kind == "Pragma" and item.entry.name == "keep":
            return  # what synthesis must not optimise
        if kind == "Decl":
            for each in item.list:
                if _kind(each) in ("Wire", "Reg"):
                    self._declare(each)
                else:
                    self._item(each)
        elif kind == "Assign":
            self.statements.append(item)
            target = item.left.var
            if _kind(target) != "Identifier":
                raise self.refuse(item, "an assignment to a part of a vector is not read back")
            self._drive(target.name, item)
        elif kind == "InstanceList":
            for instance in item.instances:
                cell = cell_of(instance, self.where)
                if cell is not None:
                    self.cells[id(instance)] = cell
                if (instance.parameterlist and cell is None) or instance.array:
                    raise self.refuse(instance, "instance parameters and arrays are not read back")
                self.instances.append(instance)
        elif kind == "Always":
            self.statements.append(item.statement)
            self._always(item)
        else:
            raise self.refuse(item)

    def _always(self, item: Any) -> None:
        """Registers, when the block is `@(posedge clock)`, perhaps `if (enable)`, and assignments to whole signals."""
        edges, block = item.sens_list.list, item.statement
        enable: Any = None
        if _kind(block) == "IfStatement" and _kind(block.cond) == "Identifier" and block.false_statement is None:
            enable, block = block.cond, block.true_statement
        plain = (
            [(edge.type, _kind(edge.sig)) for edge in edges] == [("posedge", "Identifier")]
            and _kind(block) == "Block"
            and all(_kind(each) == "NonblockingSubstitution" for each in block.statements)
            and all(_kind(each.left.var) == "Identifier" for each in block.statements)
        )
        if not plain:
            self.odd = self.odd or item
            return
        for each in block.statements:
            name = each.left.var.name
            self._drive(name, Register(name, edges[0].sig, enable, each.right.var, each.lineno))

    def _drive(self, name: str, item: Any) -> None:
        if name in self.drivers or name in self.inputs:
            raise self.refuse(item, f"'{name}' is driven twice")
        self.drivers[name] = item

    def _order(self, modules: dict[str, Module]) -> list[Any]:
        """Assignments and instances, each after those that drive what it reads."""
        items: list[Any] = [*self.drivers.values(), *self.instances]
        drivers = {name: index for index, name in enumerate(self.drivers)}
        reads = [_reads(item) for item in self.drivers.values()]
        for index, instance in enumerate(self.instances, len(reads)):
            read, driven = self._connections(instance, modules)
            reads.append(read)
            for name in driven:
                if name in drivers or name in self.inputs:
                    raise self.refuse(instance, f"'{name}' is driven twice")
                drivers[name] = index
        graph = {index: [drivers[name] for name in names if name in drivers] for index, names in enumerate(reads)}
        try:
            return [items[index] for index in TopologicalSorter(graph).static_order()]
        except CycleError:
            raise BadInput("its assignments form a cycle", where=f"{self.where}: module {self.name}") from None

    def _child(self, instance: Any, modules: dict[str, Module]) -> Module | Cell | None:
        """The module of the file that an instance is of, or else the FPGA cell."""
        return modules.get(instance.module) or self.cells.get(id(instance))

    def _connections(self, instance: Any, modules: dict[str, Module]) -> tuple[list[str], list[str]]:
        """(names that an instance reads, names that it drives)."""
        child = self._child(instance, modules)
        if child is None:
            raise self.refuse(instance, f"module '{instance.module}' is not in this file")
        read: list[str] = []
        driven: list[str] = []
        for port in instance.portlist:
            if port.portname in child.outputs and _kind(port.argname) == "Identifier":
                driven.append(port.argname.name)
            elif port.portname in child.inputs and port.argname is not None:
                read += _names(port.argname)
            else:
                raise self.refuse(port, f"connection of '{instance.module}.{port.portname}' is not read back")
        names = {port.portname for port in instance.portlist}
        if len(names) != len(child.inputs) + len(child.outputs) or len(names) != len(instance.portlist):
            raise self.refuse(instance, f"instance '{instance.name}' leaves ports open, or joins one twice")
        return read, driven

    def evaluate(
        self, inputs: dict[str, list[int]], netlist: Netlist, modules: dict[str, Module]
    ) -> dict[str, list[int]]:
        """Port name -> literals of the outputs, given those of the inputs. The netlist gains the gates."""
        if self.odd is not None:
            return self._carry(inputs, netlist)
        values = dict(inputs)
        for item in self._order(modules):
            if isinstance(item, Register):
                clock = self._bit(item.clock, values, netlist)
                enable = None if item.enable is None else self._bit(item.enable, values, netlist)
                bits = [netlist.register(bit, clock, enable) for bit in self._bits(item.value, values, netlist)]
                self._store(item, item.target, bits, values)
                continue
            if _kind(item) == "Assign":
                self._store(item, item.left.var.name, self._bits(item.right.var, values, netlist), values)
                continue
            child = self._child(item, modules)
            assert child is not None
            ports = {port.portname: port.argname for port in item.portlist}
            taken = {name: self._bits(ports[name], values, netlist) for name in child.inputs}
            for name, bits in taken.items():
                if len(bits) != child.inputs[name]:
                    raise self.refuse(item, f"port '{name}' has {child.inputs[name]} bits, not {len(bits)}")
            for name, bits in child.evaluate(taken, netlist, modules).items():
                self._store(item, ports[name].name, bits, values)
        undriven = [name for name in self.outputs if name not in values]
        if undriven:
            raise BadInput(f"output '{undriven[0]}' is not driven", where=f"{self.where}: module {self.name}")
        return {name: values[name] for name in self.outputs}

    def _carry(self, inputs: dict[str, list[int]], netlist: Netlist) -> dict[str, list[int]]:
        """The outputs of an odd module: the literals of the input that is carried along, or opaque ones."""
        if self.instances:
            raise self.refuse(self.instances[0], f"an instance in '{self.name}' beside a handshake is not read back")
        given = {}
        for name, width in self.outputs.items():
            source = carried(self.statements, name, self.inputs, self.nets)
            given[name] = netlist.opaque(width) if source is None else inputs[source]
        return given

    def _store(self, item: Any, name: str, bits: list[int], values: dict[str, list[int]]) -> None:
        net = self.nets.get(name)
        if net is None or net.width != len(bits):
            raise self.refuse(item, f"{len(bits)} bits are assigned to '{name}'")
        values[name] = bits

    def _bits(self, node: Any, values: dict[str, list[int]], netlist: Netlist) -> list[int]:
        """The bits of an expression; a constant's as constant literals."""
        value = self._value(node, values, netlist)
        if value.integer is None:
            return value.bits
        return [netlist.constant(value.integer >> bit & 1) for bit in range(len(value.bits))]

    def _bit(self, node: Any, values: dict[str, list[int]], netlist: Netlist) -> int:
        bits = self._bits(node, values, netlist)
        if len(bits) != 1:
            raise self.refuse(node, f"an operand has {len(bits)} bits; logic is read back on single bits")
        return bits[0]

    def _value(self, node: Any, values: dict[str, list[int]], netlist: Netlist) -> Value:
        kind = _kind(node)
        if kind == "Identifier":
            if node.scope is not None or node.name not in values:
                raise self.refuse(node, f"'{node.name}' has no value")
            return Value(values[node.name], self.nets[node.name].signed)
        if kind in _BINARY:
            a, b = self._bit(node.left, values, netlist), self._bit(node.right, values, netlist)
            return Value([netlist.gate(_BINARY[kind], a, b)], False)
        if kind == "Unot":
            return Value([self._bit(node.right, values, netlist) ^ 1], False)
        if kind in ("Pointer", "Partselect"):
            return self._select(node, values, netlist)
        if kind == "Concat":
            return Value([bit for each in node.list[::-1] for bit in self._bits(each, values, netlist)], False)
        if kind in _REDUCTION:
            first, *rest = self._bits(node.right, values, netlist)
            for bit in rest:
                first = netlist.gate(_REDUCTION[kind], first, bit)
            return Value([first], False)
        if kind == "GreaterThan":
            return self._comparison(node, values, netlist)
        return self._number(node)

    def _select(self, node: Any, values: dict[str, list[int]], netlist: Netlist) -> Value:
        bits = self._value(node.var, values, netlist).bits
        if _kind(node) == "Pointer":
            high = low = self._index(node.ptr)
        else:
            high, low = self._index(node.msb), self._index(node.lsb)
        if not low <= high < len(bits) or _kind(node.var) != "Identifier":
            raise self.refuse(node, f"[{high}:{low}] is not a part of {len(bits)} bits")
        return Value(bits[low : high + 1], False)

    def _comparison(self, node: Any, values: dict[str, list[int]], netlist: Netlist) -> Value:
        left, right = (self._value(each, values, netlist) for each in (node.left, node.right))
        if left.integer is not None or right.integer is None or len(left.bits) != len(right.bits):
            raise self.refuse(node, "a comparison is read back between a signal and a constant of its width")
        if left.signed != right.signed:
            raise self.refuse(node, "a comparison mixes signed and unsigned")
        return Value([netlist.compare(left.bits, left.signed, right.integer)], False)

    def _number(self, node: Any) -> Value:
        """A sized constant, perhaps negated."""
        if _kind(node) == "Uminus":
            value = self._number(node.right)
            assert value.integer is not None
            if not value.signed:
                raise self.refuse(node, "an unsigned constant is negated")
            width = len(value.bits)
            negated = -value.integer + (1 << width - 1)
            return value._replace(integer=negated % (1 << width) - (1 << width - 1))
        match = _NUMBER.fullmatch(node.value) if _kind(node) == "IntConst" else None
        if match is None or not 0 < int(match[1]) <= 64:
            raise self.refuse(node)
        width, signed, base = int(match[1]), bool(match[2]), _BASE[match[3].lower()]
        try:
            integer = int(match[4].replace("_", ""), base)
        except ValueError:
            raise self.refuse(node, f"'{node.value}' is not a number") from None
        if integer >> width:
            raise self.refuse(node, f"'{node.value}' does not fit its width")
        if signed and integer >> (width - 1):
            integer -= 1 << width
        return Value([0] * width, signed, integer)


def _reads(item: Any) -> list[str]:
    """The names that a driver reads."""
    if isinstance(item, Register):
        return [each.name for each in (item.clock, item.enable) if each is not None] + _names(item.value)
    return _names(item.right.var)


def _names(node: Any) -> list[str]:
    """The identifiers that an expression reads."""
    found, stack = [], [node]
    while stack:
        each = stack.pop()
        if _kind(each) == "Identifier":
            found.append(each.name)
        else:
            stack.extend(each.children())
    return found
