"""Element trees: which members an object of each data type, backbone element or resource may have."""
from fhir_source import PRIMITIVES, value_set_codes

VALUE_TYPES = {
    'boolean': 'boolean', 'integer': 'integer', 'unsignedInt': 'unsigned_int', 'positiveInt': 'positive_int', 'decimal': 'decimal',
    'string': 'string', 'code': 'code', 'id': 'id', 'markdown': 'markdown', 'uri': 'uri', 'url': 'url', 'canonical': 'canonical',
    'oid': 'oid', 'uuid': 'uuid', 'base64Binary': 'base64_binary', 'date': 'date', 'dateTime': 'date_time', 'instant': 'instant',
    'time': 'time', 'xhtml': 'xhtml',
}
NO_SHAPE = 0xffff


class Property:
    def __init__(self, name, element, type_code, row):
        self.name, self.element, self.type_code = name, element, type_code
        self.min = 1 if row['min'] else 0
        self.repeats = row['max'] not in ('0', '1')
        self.choice = row['path'].endswith('[x]')
        self.shape_name = None
        self.binding = 0
        self.targets = 0
        self.binding_url = None

    @property
    def value_type(self):
        if self.type_code == 'System.String':
            return 'system_string'
        if self.type_code == 'Resource':
            return 'resource'
        return VALUE_TYPES.get(self.type_code, 'object')


class Shape:
    def __init__(self, name):
        self.name = name
        self.properties = []
        self.elements = []
        self.required = 0
        self.summary = 0

    def variants(self, name):
        """Properties of the element `name`, of which a choice has one a type."""
        for wanted in (name, name + '[x]'):
            if wanted in self.elements:
                index = self.elements.index(wanted)
                return [entry for entry in self.properties if entry.element == index]
        return []


class Model:
    """All shapes, value sets and sets of reference targets, numbered."""

    def __init__(self, structures, value_sets, code_systems, stored):
        self.structures, self.value_sets, self.code_systems = structures, value_sets, code_systems
        self.stored = stored
        self.shapes = {}
        self.bindings = [None]
        self.binding_numbers = {}
        self.target_sets = [()]
        self.target_numbers = {(): 0}
        for name, definition in structures.items():
            if definition['kind'] == 'primitive-type' or name in ('SubscriptionStatus', 'MetadataResource'):
                continue
            self.add_structure(name, definition)

    def add_structure(self, name, definition):
        self.shapes.setdefault(name, Shape(name))
        for row in definition['elements'][1:]:
            parent, _, leaf = row['path'].rpartition('.')
            shape = self.shapes.setdefault(parent, Shape(parent))
            if row['max'] == '0':
                continue
            index = len(shape.elements)
            shape.elements.append(leaf)
            if row['min']:
                shape.required |= 1 << index
            if row.get('isSummary'):
                shape.summary |= 1 << index
            if 'contentReference' in row:
                self.add_property(shape, leaf, index, None, row, row['contentReference'][1:])
                continue
            for entry in row['type']:
                code = entry['code']
                if code == 'http://hl7.org/fhirpath/System.String':
                    # Resource.id is the primitive `id`; Extension.url a uri without extensions; Element.id a plain string.
                    code = 'id' if leaf == 'id' and definition['kind'] == 'resource' and '.' not in parent else 'System.String'
                if code in self.stored:
                    code = 'Resource'
                label = leaf[:-3] + code[0].upper() + code[1:] if leaf.endswith('[x]') else leaf
                backbone = row['path'] if code in ('BackboneElement', 'Element') else None
                self.add_property(shape, label, index, code, row, backbone, entry)

    def add_property(self, shape, name, index, code, row, shape_name, entry=None):
        prop = Property(name, index, code or 'content', row)
        if prop.value_type == 'object':
            prop.shape_name = shape_name or code
        if entry is not None and code in ('Reference',):
            prop.targets = self.target_set(entry.get('targetProfile', []))
        binding = row.get('binding', {})
        if binding.get('strength') == 'required' and code in ('code', 'CodeableConcept', 'Coding', 'uri'):
            prop.binding_url = binding['valueSet'].split('|')[0]
            prop.binding = self.binding(prop.binding_url)
        shape.properties.append(prop)

    def target_set(self, profiles):
        names = set()
        for profile in profiles:
            name = profile.rsplit('/', 1)[1]
            if name in ('Resource', 'DomainResource', 'MetadataResource'):
                return 0
            base = self.structures.get(name)
            if base is None or name not in self.stored:
                return 0
            names.add(name)
        key = tuple(sorted(names))
        if key not in self.target_numbers:
            self.target_numbers[key] = len(self.target_sets)
            self.target_sets.append(key)
        return self.target_numbers[key]

    def binding(self, url):
        if url not in self.binding_numbers:
            codes = value_set_codes(url, self.value_sets, self.code_systems)
            self.binding_numbers[url] = 0
            if codes:
                self.binding_numbers[url] = len(self.bindings)
                self.bindings.append((url, codes))
        return self.binding_numbers[url]

    def implicit_system(self, prop):
        """The one code system of a required binding; '' when there are several or none is known."""
        if not prop.binding:
            return ''
        systems = {system for system, _ in self.bindings[prop.binding][1]}
        return systems.pop() if len(systems) == 1 else ''
