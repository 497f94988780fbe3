"""C++ text of the tables of types, search parameters and elements."""

MASK = (1 << 64) - 1


def table_hash(text):
    """The same as record::table_hash."""
    data = text.encode()
    size = len(data)
    if size >= 8:
        first, last = int.from_bytes(data[:8], 'little'), int.from_bytes(data[-8:], 'little')
    elif size >= 4:
        first, last = int.from_bytes(data[:4], 'little'), int.from_bytes(data[-4:], 'little')
    elif size:
        first, last = data[0] | data[size // 2] << 8 | data[-1] << 16, 0
    else:
        first, last = 0, 0
    value = ((first + size) * 0x9E3779B97F4A7C15) & MASK
    value ^= (last * 0xC2B2AE3D27D4EB4F) & MASK
    value ^= value >> 29
    value = (value * 0x9FB21C651E98DF25) & MASK
    return value >> 32


def slots(names):
    """Open addressing with linear probing: index + 1, at least half of the places free."""
    size = 2
    while size < 2 * len(names):
        size *= 2
    table = [0] * size
    for index, name in enumerate(names):
        if name is None:
            continue
        place = table_hash(name) & (size - 1)
        while table[place]:
            place = (place + 1) & (size - 1)
        table[place] = index + 1
    return table


def rows(values, per_line=24):
    return ',\n'.join(', '.join(str(value) for value in values[at:at + per_line]) for at in range(0, len(values), per_line))


def text(value):
    return '{"%s", %d}' % (value, len(value.encode()))


def flag(value):
    return 'Y' if value else 'n'


def emit_types(types, type_numbers):
    body = ',\n'.join('    %s = %d' % (name, type_numbers[name]) for name in types)
    return '''#pragma once

#include <cstdint>

/// The concrete resource types of FHIR R4 under fixed numbers: stored in index rows, never changed or reused. Any thread.
namespace qiao::record {

enum class TypeId : std::uint16_t {
    none = 0,
%s,
};

}  // namespace qiao::record
''' % body


HEAD = '''#include "record/definitions/tables.hpp"

namespace qiao::record::tables {

namespace {
[[maybe_unused]] constexpr bool Y = true;
[[maybe_unused]] constexpr bool n = false;
using P = ParamId;
}  // namespace
'''
TAIL = '''
}  // namespace qiao::record::tables
'''


class Pool:
    """One array that many rows take slices of; equal slices are shared."""

    def __init__(self):
        self.items, self.known = [], {}

    def slice(self, values):
        key = tuple(values)
        if key not in self.known:
            self.known[key] = len(self.items)
            self.items += values
        return self.known[key]


def emit_elements(model, types, type_numbers):
    names = sorted(model.shapes)
    number = {name: index for index, name in enumerate(names)}
    properties, slot_pool, element_pool, shapes = [], Pool(), Pool(), []
    for name in names:
        shape = model.shapes[name]
        table = slots([prop.name for prop in shape.properties])
        first = len(properties)
        for prop in shape.properties:
            properties.append('{%s, %d, %d, %s, %s, %s, %s, %d, %d}' % (
                text(prop.name), prop.element, prop.min, flag(prop.repeats), flag(prop.choice), prop.value_type,
                number[prop.shape_name] if prop.shape_name else 'none', prop.binding, prop.targets))
        shapes.append('{%s, {kProperties + %d, %d}, 0x%xULL, 0x%xULL, %s, %s, kSlots + %d, %d, {kElementNames + %d, %d}}' % (
            text(name), first, len(shape.properties), shape.required, shape.summary, flag(name == 'Reference'), flag(name in types),
            slot_pool.slice(table), len(table) - 1, element_pool.slice([text(leaf) for leaf in shape.elements]), len(shape.elements)))
    codes, sets, systems = [], ['{{}, 0, 0}'], ['']
    for url, pairs in model.bindings[1:]:
        sets.append('{%s, %d, %d}' % (text(url), len(codes), len(pairs)))
        for system, code in pairs:
            if system not in systems:
                systems.append(system)
            codes.append('{%s, %d}' % (text(code), systems.index(system)))
    highest = max(type_numbers.values())
    by_number = ['0xffff'] * (highest + 1)
    for name in types:
        by_number[type_numbers[name]] = str(number[name])
    words = highest // 64 + 1
    targets = []
    for names_of in model.target_sets:
        bits = [0] * words
        for name in names_of:
            bits[type_numbers[name] // 64] |= 1 << (type_numbers[name] % 64)
        targets.append('{' + ', '.join('0x%xULL' % word for word in bits) + '}')
    return HEAD + '''
constexpr std::uint8_t kSlots[] = {
%s};
constexpr std::string_view kElementNames[] = {
%s};
constexpr ShapeId none = kNoShape;
using enum ValueType;
constexpr Property kProperties[] = {
%s};
constinit const Shape kShapes[] = {
%s};
constinit const std::size_t kShapeCount = %d;
constinit const ShapeId kShapeOfType[] = {
%s};
constinit const std::string_view kSystems[] = {
%s};
constinit const ValueSetCode kValueSetCodes[] = {
%s};
constinit const ValueSet kValueSets[] = {
%s};
constinit const std::size_t kValueSetCount = %d;
static_assert(kTargetWords == %d);
constinit const std::uint64_t kTargetSets[][kTargetWords] = {
%s};
''' % (rows(slot_pool.items, 40), rows(element_pool.items, 6), ',\n'.join(properties), ',\n'.join(shapes), len(shapes), rows(by_number),
        rows([text(system) for system in systems], 2), ',\n'.join(codes), ',\n'.join(sets), len(sets), words, ',\n'.join(targets)) + TAIL


KNOWN = {'id': 'Resource-id', 'last_updated': 'Resource-lastUpdated', 'tag': 'Resource-tag', 'profile': 'Resource-profile',
         'security': 'Resource-security', 'source': 'Resource-source'}


def emit_definitions(programs, types, type_numbers, parameter_numbers, compartment):
    unsupported = {(row[0], row[1]) for row in programs.unsupported}
    by_code = {(name, entry['code']): entry for name in types for entry in programs.of_type(name)}
    target_pool, part_pool = Pool(), Pool()
    parameters = ['{}'] * (max(parameter_numbers.values()) + 1)
    for entry in programs.parameters.values():
        targets = [name for name in entry.get('target', []) if name in types]
        parts = [programs.by_url[part['definition']]['id'] for part in entry.get('component', [])]
        indexed = 'expression' in entry and entry['id'] not in ('Resource-id', 'Resource-lastUpdated')
        parameters[parameter_numbers[entry['id']]] = '{P{%d}, ParamKind::%s, %s, %s, {kTargets + %d, %d}, {kComponents + %d, %d}, %s}' % (
            parameter_numbers[entry['id']], entry['type'], text(entry['id']), text(entry['code']),
            target_pool.slice(['TypeId::' + name for name in targets]), len(targets),
            part_pool.slice(['P{%d}' % parameter_numbers[part] for part in parts]), len(parts), flag(indexed))
    type_rows, per_type, compartment_pool, compartments = [], [], Pool(), []
    highest = max(type_numbers.values())
    per_type = ['{0, 0}'] * (highest + 1)
    compartments = ['{0, 0}'] * (highest + 1)
    for name in types:
        inside = [by_code[(name, code)]['id'] for code in compartment.get(name, [])]
        compartments[type_numbers[name]] = '{%d, %d}' % (
            compartment_pool.slice(['P{%d}' % parameter_numbers[part] for part in inside]), len(inside))
        first = len(type_rows)
        for entry in programs.of_type(name):
            if (name, entry['id']) in unsupported:
                continue
            flags = programs.flags[name][entry['id']]
            systems = flags['systems']
            implicit = next(iter(systems)) if len(systems) == 1 else None
            type_rows.append('{P{%d}, %s, %s, %s, %s, %s, %s, %s, %s}' % (
                parameter_numbers[entry['id']], flag(flags['repeats']), flag(entry['id'] in inside), flag(flags['system_row']),
                flag(flags['code_only_row']), flag(flags['no_system_row']), flag(flags['has_text']), flag(flags['has_identifier_type']),
                text(implicit) if implicit else '{}'))
        per_type[type_numbers[name]] = '{%d, %d}' % (first, len(type_rows) - first)
    name_rows = ['{}'] * (highest + 1)
    for name in types:
        name_rows[type_numbers[name]] = text(name)
    known = '\n'.join('constinit const ParamId kParam_%s{%d};' % (label, parameter_numbers[name]) for label, name in sorted(KNOWN.items()))
    return HEAD + '''
constinit const std::size_t kTypeNumbers = %d;
constinit const std::string_view kTypeNames[] = {
%s};
constinit const TypeId kTypesByName[] = {
%s};
constinit const std::size_t kTypeCount = %d;
constexpr TypeId kTargets[] = {
%s};
constexpr ParamId kComponents[] = {
%s};
constinit const Parameter kParameters[] = {
%s};
constinit const std::size_t kParameterNumbers = %d;
constinit const TypeParameter kTypeParameters[] = {
%s};
constinit const Slice kParametersOfType[] = {
%s};
constinit const ParamId kCompartmentParameters[] = {
%s};
constinit const Slice kCompartmentOfType[] = {
%s};
%s
''' % (highest + 1, ',\n'.join(name_rows), rows(['TypeId::' + name for name in types], 6), len(types), rows(target_pool.items, 6),
        rows(part_pool.items, 8), ',\n'.join(parameters), len(parameters), ',\n'.join(type_rows), ',\n'.join(per_type),
        rows(compartment_pool.items, 8), ',\n'.join(compartments), known) + TAIL
