"""The code systems and value sets of FHIR R4 as compact text: one line a concept, one line a part of a composition.

Code systems: `code TAB display TAB flags TAB parents`: flags `a` abstract, `i` not to be used any more; parents are line numbers of the
system. What is empty at the end of a line is left out. Value sets: `I system version`, `X system version` (excluded), and below them
`C code display`, `F property operator value`, `V url of a value set`, separated by TAB.
"""
import json
import os

FILES = ('valuesets.json', 'v3-codesystems.json', 'v2-tables.json')
# Others own these: their codes are named as the value sets of HL7 name them, their texts are not copied.
FOREIGN = ('http://snomed.info/sct', 'http://loinc.org', 'http://unitsofmeasure.org', 'http://hl7.org/fhir/sid/icd-10', 'http://www.ama-assn.org/go/cpt',
           'http://www.nlm.nih.gov/research/umls/rxnorm')
CONTENT = {'complete': 'c', 'fragment': 'f', 'example': 'e', 'not-present': 'n'}


def flat(text):
    return ' '.join((text or '').split())


def line(*parts):
    return '\t'.join(parts).rstrip('\t')


def is_inactive(concept):
    properties = {row['code']: row for row in concept.get('property', [])}
    status = properties.get('status', {}).get('valueCode', '')
    deprecated = any(extension['url'].endswith('/structuredefinition-standards-status') and extension.get('valueCode') == 'deprecated'
                     for extension in concept.get('extension', []))
    return status in ('retired', 'inactive') or properties.get('inactive', {}).get('valueBoolean') is True or (status == 'deprecated' and deprecated)


def is_abstract(concept):
    return any(row['code'] in ('notSelectable', 'abstract') and row.get('valueBoolean') is True for row in concept.get('property', []))


def code_system_text(system):
    concepts, parents, places = [], [], {}

    def walk(rows, parent):
        for row in rows:
            if row['code'] in places:  # the same concept below a second parent
                if parent is not None:
                    parents[places[row['code']]].add(parent)
            else:
                places[row['code']] = len(concepts)
                concepts.append(row)
                parents.append(set() if parent is None else {parent})
            walk(row.get('concept', []), places[row['code']])

    walk(system.get('concept', []), None)
    for at, row in enumerate(concepts):
        for entry in row.get('property', []):
            if entry['code'] == 'child' and entry.get('valueCode') in places:
                parents[places[entry['valueCode']]].add(at)
    lines = []
    for row, above in zip(concepts, parents):
        flags = ('a' if is_abstract(row) else '') + ('i' if is_inactive(row) else '')
        lines.append(line(row['code'], flat(row.get('display')), flags, ','.join(str(one) for one in sorted(above))))
    return '\n'.join(lines)


def value_set_text(compose, displays):
    lines = []
    for letter, part in (('I', 'include'), ('X', 'exclude')):
        for row in compose.get(part, []):
            system = row.get('system', '')
            lines.append(line(letter, system, row.get('version', '')))
            lines += [line('V', url) for url in row.get('valueSet', [])]
            lines += [line('F', entry['property'], entry['op'], entry['value']) for entry in row.get('filter', [])]
            for entry in row.get('concept', []):
                known = system in FOREIGN or displays.get((system, entry['code'])) == flat(entry.get('display'))
                lines.append(line('C', entry['code'], '' if known else flat(entry.get('display'))))
    return '\n'.join(lines)


def displays_of(system):
    found = {}

    def walk(rows):
        for row in rows:
            found[system['url'], row['code']] = flat(row.get('display'))
            walk(row.get('concept', []))
    walk(system.get('concept', []))
    return found


def load(folder):
    """([(url, version, name, content, text)], [(url, version, name, text)]), sorted by url."""
    systems, sets = {}, {}
    for name in FILES:
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            for entry in json.load(file)['entry']:
                resource = entry['resource']
                kind = {'CodeSystem': systems, 'ValueSet': sets}.get(resource['resourceType'])
                if kind is not None and 'url' in resource:
                    kind.setdefault(resource['url'], resource)
    systems = {url: one for url, one in systems.items() if url not in FOREIGN and one['content'] in CONTENT}
    displays = {}
    for system in systems.values():
        displays.update(displays_of(system))
    def content(system):
        return CONTENT[system['content']] if system.get('concept') else 'n'
    return ([(url, one.get('version', ''), one['name'], content(one), code_system_text(one)) for url, one in sorted(systems.items())],
            [(url, one.get('version', ''), one['name'], value_set_text(one['compose'], displays))
             for url, one in sorted(sets.items()) if 'compose' in one])


def emit(systems, sets):
    """A literal is cut in pieces: compilers have a limit for one. With sv the compiler need not count its characters, for which it has
    a limit too."""
    def literal(text):
        text = text.encode()
        pieces = []
        while True:
            end = min(len(text), 8000)
            while end < len(text) and text[end] & 0xC0 == 0x80:
                end -= 1
            pieces.append('R"~(%s)~"' % text[:end].decode())
            text = text[end:]
            if not text:
                return '\n'.join(pieces) + 'sv'

    def row(*fields):
        return '{%s,\n%s}' % (', '.join('"%s"' % field if len(field) != 1 or field not in 'cfen' else "'%s'" % field for field in fields[:-1]),
                              literal(fields[-1]))
    return '''#include "record/terminology/builtin.hpp"

namespace qiao::record::terminology {

using std::string_view_literals::operator""sv;

constinit const BuiltinCodeSystem kBuiltinCodeSystems[] = {
%s};
constinit const std::size_t kBuiltinCodeSystemCount = %d;
constinit const BuiltinValueSet kBuiltinValueSets[] = {
%s};
constinit const std::size_t kBuiltinValueSetCount = %d;

}  // namespace qiao::record::terminology
''' % (',\n'.join(row(*one) for one in systems), len(systems), ',\n'.join(row(*one) for one in sets), len(sets))
