"""Reads a FileDescriptorSet with the options of bitrix24/rest/options.proto, in plain Python: nothing has to be installed for it.

Only what the contract's checks need is read. `load(path)` returns a Contract.
"""

OPTION_NUMBER = 78240  # method, field and value of bitrix24/rest/options.proto
TYPES = {1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 11: "message", 12: "bytes",
         13: "uint32", 14: "enum"}
DIALECTS = {0: "UNSPECIFIED", 1: "V1", 2: "V2"}
RETRIES = {0: "UNSPECIFIED", 1: "READ", 2: "IDEMPOTENT", 3: "DEDUPLICATED", 4: "NEVER"}


def fields_of(data):
    """Field number -> list of values (int or bytes) of one encoded message, in order."""
    out = {}
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 2:
            size = varint()
            value, at = data[at:at + size], at + size
        elif kind == 5:
            value, at = data[at:at + 4], at + 4
        else:
            raise ValueError(f"wire type {kind}")
        out.setdefault(key >> 3, []).append(value)
    return out


def text(fields, number):
    return fields[number][-1].decode() if number in fields else ""


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


class Field:
    def __init__(self, fields):
        self.name = text(fields, 1)
        self.json_name = text(fields, 10)
        self.type = TYPES.get(fields.get(5, [0])[-1], "other")
        self.type_name = text(fields, 6).lstrip(".")
        self.repeated = fields.get(4, [0])[-1] == 3
        self.optional = bool(fields.get(17, [0])[-1])
        self.in_oneof = 9 in fields and not self.optional
        self.option = {}
        options = fields_of(fields[8][-1]) if 8 in fields else {}
        if OPTION_NUMBER in options:
            o = fields_of(b"".join(options[OPTION_NUMBER]))
            for number, name in ((1, "required"), (6, "yes_no"), (7, "as_string"), (8, "inline"), (9, "whole_result"),
                                 (10, "map_values"), (14, "empty_as_true"), (15, "chunked"), (16, "secret")):
                if number in o:
                    self.option[name] = bool(o[number][-1])
            for number, name in ((2, "max_length"), (3, "min"), (4, "max")):
                if number in o:
                    self.option[name] = signed(o[number][-1])
            for number, name in ((5, "pattern"), (11, "clears"), (12, "clear_as"), (13, "nulls_in")):
                if number in o:
                    self.option[name] = text(o, number)

    def gateway_own(self):
        """True if the field is not a parameter of the REST method but says something about one."""
        subject = self.name in ("bot", "portal") and self.type == "string"
        return subject or ("clears" in self.option and "clear_as" in self.option) or "nulls_in" in self.option


class Message:
    def __init__(self, full_name, fields):
        self.full_name = full_name
        self.fields = [Field(fields_of(f)) for f in fields.get(2, [])]
        options = fields_of(fields[7][-1]) if 7 in fields else {}
        self.map_entry = bool(options.get(7, [0])[-1])


class Enum:
    def __init__(self, full_name, fields):
        self.full_name = full_name
        self.values = []  # (name, number, wire text or None)
        for raw in fields.get(2, []):
            value = fields_of(raw)
            options = fields_of(value[3][-1]) if 3 in value else {}
            wire = None
            if OPTION_NUMBER in options:
                wire = text(fields_of(b"".join(options[OPTION_NUMBER])), 1)
            self.values.append((text(value, 1), value.get(2, [0])[-1], wire))

    def wires(self):
        return [wire for _, number, wire in self.values if number]


class Method:
    def __init__(self, service, fields):
        self.rpc = text(fields, 1)
        self.full_name = f"{service}.{self.rpc}"
        self.input = text(fields, 2).lstrip(".")
        self.output = text(fields, 3).lstrip(".")
        self.client_streaming = bool(fields.get(5, [0])[-1])
        self.server_streaming = bool(fields.get(6, [0])[-1])
        options = fields_of(fields[4][-1]) if 4 in fields else {}
        self.rest = OPTION_NUMBER in options
        o = fields_of(b"".join(options[OPTION_NUMBER])) if self.rest else {}
        self.name, self.scope = text(o, 1), text(o, 3)
        self.dialect = DIALECTS[o.get(2, [0])[-1]]
        self.id_path, self.secret_path = text(o, 4), text(o, 5)
        self.retry = RETRIES[o.get(6, [0])[-1]]
        self.done_codes = [code.decode() for code in o.get(7, [])]
        self.alone = bool(o.get(8, [0])[-1])
        self.order_by, self.page = text(o, 9), text(o, 10)


class Contract:
    def __init__(self):
        self.messages, self.enums, self.methods = {}, {}, []

    def _message(self, prefix, raw):
        fields = fields_of(raw)
        name = f"{prefix}.{text(fields, 1)}"
        self.messages[name] = Message(name, fields)
        for nested in fields.get(3, []):
            self._message(name, nested)
        for nested in fields.get(4, []):
            self._enum(name, nested)

    def _enum(self, prefix, raw):
        fields = fields_of(raw)
        name = f"{prefix}.{text(fields, 1)}"
        self.enums[name] = Enum(name, fields)

    def add_file(self, raw):
        fields = fields_of(raw)
        package = text(fields, 2)
        for message in fields.get(4, []):
            self._message(package, message)
        for enum in fields.get(5, []):
            self._enum(package, enum)
        for service in fields.get(6, []):
            service = fields_of(service)
            name = f"{package}.{text(service, 1)}"
            self.methods += [Method(name, fields_of(method)) for method in service.get(2, [])]

    def map_value(self, field):
        """The value field of a map, or None if `field` is no map."""
        entry = self.messages.get(field.type_name) if field.type == "message" else None
        if entry is None or not entry.map_entry:
            return None
        return next(f for f in entry.fields if f.name == "value")


def load(path):
    contract = Contract()
    with open(path, "rb") as source:
        for raw in fields_of(source.read()).get(1, []):
            contract.add_file(raw)
    return contract
