"""Invariants of the base definitions, and profiles in a compact form: of each only what it adds to the base."""
import json

# What level `structure` checks by code of its own, and the advice to have a narrative, which no record of a machine follows.
CHECKED_ELSEWHERE = {'ele-1', 'ext-1', 'dom-2', 'dom-6', 'txt-1', 'txt-2'}
# R4's own slips: three that fail what they mean to allow. The first two as in R4B.
CORRECTED = {
    'que-7': "operator = 'exists' implies (answer is boolean)",
    'ref-1': "reference.exists() implies (reference.startsWith('#').not() or (reference.substring(1) in %rootResource.contained.id))",
    'vs-1': "($this is dateTime) implies ($this as dateTime).toString().length() >= 8",
}
# Of R5's element that stands in the source (fhir_source.evidence_variable).
FOREIGN = {'evv-1'}
DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition/'


class Rules:
    def __init__(self, model, structures):
        self.model, self.structures = model, structures
        self.invariants, self.numbers = [], {}
        self.uses = {}  # shape name -> [(element index or None, invariant number)]
        self.base_keys = {}
        for name, definition in structures.items():
            for row in definition['elements']:
                self.base_keys.setdefault(row['path'], row)
                for constraint in row.get('constraint', []):
                    self.add(name, row, constraint)

    def number(self, constraint):
        expression = CORRECTED.get(constraint['key'], constraint['expression'])
        key = (constraint['key'], constraint['severity'], expression, constraint['human'])
        if key not in self.numbers:
            self.numbers[key] = len(self.invariants)
            self.invariants.append(key)
        return self.numbers[key]

    def add(self, name, row, constraint):
        if constraint['key'] in CHECKED_ELSEWHERE | FOREIGN or 'expression' not in constraint:
            return
        path = row['path']
        if path in self.model.shapes:
            self.uses.setdefault(path, []).append((None, self.number(constraint)))
            return
        parent, _, leaf = path.rpartition('.')
        if parent in self.model.shapes and leaf in self.model.shapes[parent].elements:
            self.uses.setdefault(parent, []).append((self.model.shapes[parent].elements.index(leaf), self.number(constraint)))

    # ---- profiles ----------------------------------------------------------------------------------------------------
    def known_keys(self, row):
        """Keys of the constraints that the base element and the element's type have anyway."""
        keys = set(CHECKED_ELSEWHERE)
        places = [row['path'], row.get('base', {}).get('path', '')] + [kind['code'] for kind in row.get('type', [])]
        for place in places:
            keys |= {constraint['key'] for constraint in self.base_keys.get(place, {}).get('constraint', [])}
        return keys

    def compact_element(self, row, is_root):
        base = row.get('base', {'min': 0, 'max': '*'})
        base_row = self.base_keys.get(base.get('path', ''), {})
        sliced = 'sliceName' in row
        out = {}
        if not is_root:
            if row['min'] and (sliced or row['min'] != base['min']):
                out['min'] = row['min']
            if row['max'] != '*' and (sliced or row['max'] != base['max']):
                out['max'] = int(row['max'])
        for key, value in row.items():
            if key.startswith('fixed'):
                out['fixed'] = value
            if key.startswith('pattern'):
                out['pattern'] = value
        types = [kind['code'] for kind in row.get('type', []) if '/' not in kind['code']]
        if types and row['path'].endswith('[x]') and set(types) != {kind['code'] for kind in base_row.get('type', [])}:
            out['types'] = types
        targets = [one for kind in row.get('type', []) if kind['code'] == 'Reference' for one in kind.get('targetProfile', [])]
        base_targets = [one for kind in base_row.get('type', []) if kind['code'] == 'Reference' for one in kind.get('targetProfile', [])]
        if targets and set(targets) != set(base_targets):
            out['targets'] = targets
        profiles = [one for kind in row.get('type', []) for one in kind.get('profile', [])]
        if profiles:
            out['profiles'] = profiles
        binding = row.get('binding', {})
        if binding.get('strength') in ('required', 'extensible') and 'valueSet' in binding:
            url = binding['valueSet'].split('|')[0]
            old = base_row.get('binding', {})
            if old.get('valueSet', '').split('|')[0] != url or old.get('strength') != binding['strength']:
                out['binding'] = [binding['strength'], url]
        known = self.known_keys(row)
        constraints = [[one['key'], one['severity'], CORRECTED.get(one['key'], one['expression']), one['human']]
                       for one in row.get('constraint', []) if one['key'] not in known and 'expression' in one]
        if constraints:
            out['constraints'] = constraints
        slicing = row.get('slicing')
        if slicing and not row['path'].endswith('xtension'):
            out['slicing'] = [slicing['rules'], [[one['type'], one['path']] for one in slicing.get('discriminator', [])]]
        elif slicing:
            out['slicing'] = [slicing['rules'], [['value', 'url']]]
        return out

    def compact_profile(self, definition):
        elements = []
        for index, row in enumerate(definition['snapshot']['element']):
            entry = self.compact_element(row, index == 0)
            path = row['id'].partition('.')[2]
            if not entry and not row.get('sliceName'):
                continue
            elements.append({'id': path, **entry})
        kept = []
        for entry in elements:  # a slicing without slices says nothing, unless it is closed
            if set(entry) == {'id', 'slicing'} and entry['slicing'][0] != 'closed' \
                    and not any(other['id'].startswith(entry['id'] + ':') for other in elements):
                continue
            kept.append(entry)
        out = {'type': definition['type']}
        if definition.get('context') and definition['type'] == 'Extension':
            out['context'] = [one['expression'] for one in definition['context'] if one['type'] == 'element']
        out['elements'] = kept
        return json.dumps(out, ensure_ascii=False, separators=(',', ':'), sort_keys=False)

    def profiles(self, definitions):
        """[(url, text)], sorted; the value sets that they bind are added to the model."""
        found = {}
        for definition in definitions:
            text = self.compact_profile(definition)
            found[definition['url']] = text
            for entry in json.loads(text)['elements']:
                if 'binding' in entry:
                    self.model.binding(entry['binding'][1])
        return sorted(found.items())
