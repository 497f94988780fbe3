"""Reads the FHIR R4 definition files and corrects what in them is not R4 4.0.1."""
import json
import os

PRIMITIVES = {
    'boolean', 'integer', 'unsignedInt', 'positiveInt', 'decimal', 'string', 'code', 'id', 'markdown', 'uri', 'url', 'canonical',
    'oid', 'uuid', 'base64Binary', 'date', 'dateTime', 'instant', 'time', 'xhtml',
}
# R4B's, and the two abstract types and the logical model that no instance has.
NOT_STORED = {'SubscriptionStatus', 'Resource', 'DomainResource', 'MetadataResource'}
# Value sets that R4 names but that its definition files leave out: (system, codes).
MISSING_VALUE_SETS = {
    'http://terminology.hl7.org/ValueSet/v3-ConfidentialityClassification':
        [('http://terminology.hl7.org/CodeSystem/v3-Confidentiality', ['U', 'L', 'M', 'N', 'R', 'V'])],
}


def lines(folder, name):
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.strip()]


def load(folder):
    structures = {}
    for name in ('structure-types.r4.ndjson', 'structure-resources.r4.ndjson'):
        for definition in lines(folder, name):
            if definition.get('derivation') != 'constraint':
                structures[definition['name']] = definition
    structures['EvidenceVariable']['elements'] = evidence_variable(structures['EvidenceVariable']['elements'])
    with open(os.path.join(folder, 'codesystems.r4.json'), encoding='utf-8') as file:
        code_systems = json.load(file)
    with open(os.path.join(folder, 'compartmentdefinition-patient.json'), encoding='utf-8') as file:
        compartment = {row['code']: row.get('param', []) for row in json.load(file)['resource']}
    value_sets = {entry['url']: entry.get('compose', {}) for entry in lines(folder, 'valuesets.r4.ndjson')}
    parameters = lines(folder, 'search-parameters.r4.ndjson')
    for entry in parameters:
        correct_parameter(entry)
    return structures, parameters, code_systems, value_sets, compartment


def correct_parameter(entry):
    """Two slips of the published definitions."""
    if entry['id'] == 'InsurancePlan-name':
        entry['expression'] = 'InsurancePlan.name | InsurancePlan.alias'
    if entry['id'] == 'DocumentReference-relationship':  # the expressions stand at each other's component
        for component in entry['component']:
            component['expression'] = 'target' if component['definition'].endswith('-relatesto') else 'code'


def element(path, low, high, *types, binding=None, targets=None):
    row = {'path': path, 'min': low, 'max': high, 'type': [{'code': code} for code in types]}
    if targets:
        for entry in row['type']:
            if entry['code'] in ('Reference', 'canonical'):
                entry['targetProfile'] = ['http://hl7.org/fhir/StructureDefinition/' + targets]
    if binding:
        row['binding'] = {'strength': 'required', 'valueSet': binding}
    return row


def evidence_variable(elements):
    """The source carries R5's EvidenceVariable.characteristic; this is R4's."""
    prefix = 'EvidenceVariable.characteristic'
    kept = [row for row in elements if not row['path'].startswith(prefix + '.')]
    for row in kept:
        if row['path'] == prefix:
            row['min'], row['max'] = 1, '*'
    inside = [
        {'path': prefix + '.id', 'min': 0, 'max': '1', 'type': [{'code': 'http://hl7.org/fhirpath/System.String'}]},
        element(prefix + '.extension', 0, '*', 'Extension'),
        element(prefix + '.modifierExtension', 0, '*', 'Extension'),
        element(prefix + '.description', 0, '1', 'string'),
        element(prefix + '.definition[x]', 1, '1', 'Reference', 'canonical', 'CodeableConcept', 'Expression', 'DataRequirement',
                'TriggerDefinition'),
        element(prefix + '.usageContext', 0, '*', 'UsageContext'),
        element(prefix + '.exclude', 0, '1', 'boolean'),
        element(prefix + '.participantEffective[x]', 0, '1', 'dateTime', 'Period', 'Duration', 'Timing'),
        element(prefix + '.timeFromStart', 0, '1', 'Duration'),
        element(prefix + '.groupMeasure', 0, '1', 'code', binding='http://hl7.org/fhir/ValueSet/group-measure|4.0.1'),
    ]
    return kept + inside


def value_set_codes(url, value_sets, code_systems):
    """[(system, code)] of a value set; None when its codes are not part of FHIR (MIME types, currencies, UCUM, LOINC)."""
    url = url.split('|')[0]
    if url in MISSING_VALUE_SETS:
        return sorted(((system, code) for system, codes in MISSING_VALUE_SETS[url] for code in codes), key=lambda pair: (pair[1].encode(), pair[0].encode()))
    if url not in value_sets:
        return None
    found = []
    for include in value_sets[url].get('include', []):
        if include.get('filter') or include.get('valueSet'):
            return None
        system = include.get('system')
        if 'concept' in include:
            found += [(system, concept['code']) for concept in include['concept']]
        elif system in code_systems:
            found += [(system, row[0]) for row in code_systems[system]['codes']]
        else:
            return None
    if value_sets[url].get('exclude'):
        return None
    return sorted(set(found), key=lambda pair: (pair[1].encode(), pair[0].encode()))
