"""Compiles search parameter expressions to one tree of member names a type, with what to do at its nodes."""
import re

TOKENS = re.compile(r"\s*(\%?[A-Za-z_]\w*|'(?:[^'\\]|\\.)*'|\d+|!=|[().,\[\]|=])")


class Unsupported(Exception):
    pass


def tokenize(text):
    position, found = 0, []
    text = text.strip()
    while position < len(text):
        match = TOKENS.match(text, position)
        if not match:
            raise Unsupported('cannot read: ' + text[position:])
        found.append(match.group(1))
        position = match.end()
    return found


class Parser:
    """union := conjunction ('|' conjunction)*; conjunction := comparison ('and' comparison)*; … postfix := primary ('.' step | '[' n ']' | 'as' T)*"""

    def __init__(self, text):
        self.tokens, self.at = tokenize(text), 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, wanted=None):
        token = self.peek()
        if token is None or (wanted and token != wanted):
            raise Unsupported('expected %s, found %s' % (wanted, token))
        self.at += 1
        return token

    def parse(self):
        tree = self.union()
        if self.peek() is not None:
            raise Unsupported('left over: ' + self.peek())
        return tree

    def union(self):
        parts = [self.conjunction()]
        while self.peek() == '|':
            self.take()
            parts.append(self.conjunction())
        return ('union', parts) if len(parts) > 1 else parts[0]

    def conjunction(self):
        left = self.comparison()
        while self.peek() == 'and':
            self.take()
            left = ('and', left, self.comparison())
        return left

    def comparison(self):
        left = self.postfix()
        if self.peek() in ('=', '!='):
            operator = self.take()
            return (operator, left, self.take())
        return left

    def postfix(self):
        if self.peek() == '(':
            self.take()
            tree = self.union()
            self.take(')')
        elif self.peek() == 'resolve':
            tree = ('call', self.take())
            self.take('(')
            self.take(')')
        else:
            tree = ('name', self.take())
        while True:
            token = self.peek()
            if token == '.':
                self.take()
                name = self.take()
                tree = self.call(tree, name) if self.peek() == '(' else ('member', tree, name)
            elif token == '[':
                self.take()
                tree = ('index', tree, int(self.take()))
                self.take(']')
            elif token in ('as', 'is'):
                self.take()
                tree = (token, tree, self.take())
            else:
                return tree

    def call(self, tree, name):
        self.take('(')
        if name in ('as', 'ofType'):
            made = ('as', tree, self.take())
        elif name == 'extension':
            made = ('where', ('member', tree, 'extension'), ('=', ('name', 'url'), self.take()))
        elif name == 'where':
            made = ('where', tree, self.union())
        elif name in ('exists', 'resolve'):
            made = (name, tree)
        else:
            raise Unsupported('function ' + name)
        self.take(')')
        return made


class Node:
    def __init__(self):
        self.edges = {}    # (member, filter) -> Node; filter None | ('equals', member, literal) | ('index', n)
        self.actions = []  # tuples, see Place.act
        self.composites = []  # (parameter name, [(Node, from_root)])

    def edge(self, member, condition):
        return self.edges.setdefault((member, condition), Node())


class Place:
    """A set of values of one type that an expression has reached."""

    def __init__(self, node, shape, prop=None, came_from=None, repeats=False, target=None, person=0):
        self.node, self.shape, self.prop, self.came_from = node, shape, prop, came_from
        self.repeats, self.target, self.person = repeats, target, person

    def type_code(self):
        return self.prop.type_code if self.prop else self.shape.name


class Compiler:
    def __init__(self, model, type_name):
        self.model, self.type_name = model, type_name
        self.root = Node()

    def start(self, node=None, shape=None):
        return Place(node or self.root, shape or self.model.shapes[self.type_name])

    def places(self, tree, origin, absolute):
        kind = tree[0]
        if kind == 'union':
            return [place for part in tree[1] for place in self.places(part, origin, absolute)]
        if kind == 'name':
            if tree[1] == '%resource':
                return [self.start()]
            if absolute:
                return [origin] if tree[1] in (self.type_name, 'Resource', 'DomainResource') else []
            return self.step(origin, tree[1])
        if kind == 'member':
            return [found for place in self.places(tree[1], origin, absolute) for found in self.step(place, tree[2])]
        if kind == 'as':
            wanted = tree[2][0].lower() + tree[2][1:] if tree[2] == 'DateTime' else tree[2]
            return [place for place in self.places(tree[1], origin, absolute) if place.type_code() == wanted]
        if kind == 'index':
            return [self.refine(place, ('index', tree[2])) for place in self.places(tree[1], origin, absolute)]
        if kind == 'where':
            return [self.where(place, tree[2]) for place in self.places(tree[1], origin, absolute)]
        raise Unsupported(kind)

    def step(self, place, name):
        if place.shape is None:
            raise Unsupported('no member %s of %s' % (name, place.type_code()))
        found = []
        for prop in place.shape.variants(name):
            shape = self.model.shapes.get(prop.shape_name) if prop.value_type == 'object' else None
            person = 0
            if place.shape.name == 'HumanName':
                person = 2 if name in ('family', 'text') else 1
            found.append(Place(place.node.edge(prop.name, None), shape, prop, place.node, place.repeats or prop.repeats, None, person))
        if not found:
            raise Unsupported('%s has no %s' % (place.shape.name, name))
        return found

    def refine(self, place, condition):
        return Place(place.came_from.edge(place.prop.name, condition), place.shape, place.prop, place.came_from, place.repeats, place.target)

    def where(self, place, condition):
        if condition[0] == 'is' and condition[1] == ('call', 'resolve'):
            return Place(place.node, place.shape, place.prop, place.came_from, place.repeats, condition[2])
        if condition[0] == '=' and condition[1][0] == 'name' and condition[2].startswith("'"):
            return self.refine(place, ('equals', condition[1][1], condition[2][1:-1]))
        raise Unsupported('condition %s' % (condition,))


def parse(expression):
    return Parser(expression).parse()


# What an action makes of a value: parameter kind -> FHIR type -> name of the C++ Leaf.
QUANTITIES = ('Quantity', 'Age', 'Duration', 'Count', 'Distance')
LEAVES = {
    'token': {'code': 'text', 'id': 'text', 'string': 'text', 'uri': 'text', 'url': 'text', 'canonical': 'text', 'oid': 'text', 'uuid': 'text',
              'System.String': 'text', 'markdown': 'text', 'boolean': 'boolean', 'integer': 'integer', 'positiveInt': 'integer',
              'unsignedInt': 'integer', 'CodeableConcept': 'codeable_concept', 'Coding': 'coding', 'Identifier': 'identifier',
              'ContactPoint': 'contact_point'},
    'reference': {'Reference': 'reference', 'canonical': 'canonical', 'uri': 'canonical', 'url': 'canonical', 'Resource': 'resource'},
    'string': {'string': 'text', 'markdown': 'text', 'code': 'text', 'uri': 'text', 'id': 'text', 'HumanName': 'human_name', 'Address': 'address',
               'Annotation': 'annotation', 'ContactPoint': 'contact_point', 'CodeableConcept': 'codeable_concept'},
    'date': {'date': 'date', 'dateTime': 'date', 'instant': 'date', 'Period': 'period', 'Timing': 'timing'},
    'uri': {'uri': 'text', 'url': 'text', 'canonical': 'text', 'oid': 'text', 'uuid': 'text'},
    'number': {'integer': 'number', 'positiveInt': 'number', 'unsignedInt': 'number', 'decimal': 'number', 'Range': 'range'},
    'quantity': dict({name: 'quantity' for name in QUANTITIES}, Money='money', Range='range', SampledData='sampled_data'),
    'special': {'Location.position': 'position'},
}

# By which date resources of a type are sorted, in order of preference; paths that a type lacks are passed over.
SORT_DATES = ['effective', 'occurrence', 'performed', 'period', 'started', 'start', 'authoredOn', 'authored', 'recorded', 'recordedDate', 'onset',
              'issued', 'date', 'dateTime', 'sent', 'created', 'collection.collected', 'whenHandedOver', 'whenPrepared', 'occurred',
              'assertedDate', 'statusDate', 'timestamp', 'dateAsserted', 'dateWritten', 'billablePeriod', 'serviced', 'planningHorizon',
              'servicePeriod', 'signed']
SORT_OVERRIDES = {
    'Condition': ['recordedDate', 'onset'], 'AllergyIntolerance': ['recordedDate', 'onset'], 'Task': ['authoredOn', 'executionPeriod'],
    'ServiceRequest': ['authoredOn', 'occurrence'], 'CommunicationRequest': ['authoredOn', 'occurrence'], 'Communication': ['sent', 'received'],
    'DeviceRequest': ['authoredOn', 'occurrence'], 'SupplyRequest': ['authoredOn', 'occurrence'], 'Specimen': ['collection.collected', 'receivedTime'],
    'Goal': ['start', 'statusDate'], 'Media': ['created', 'issued'], 'Provenance': ['recorded'], 'RequestGroup': ['authoredOn'],
    'AuditEvent': ['recorded'], 'VisionPrescription': ['dateWritten', 'created'], 'DetectedIssue': ['identified'],
    'DeviceUseStatement': ['recordedOn', 'timing'], 'GuidanceResponse': ['occurrenceDateTime'], 'Coverage': ['period'], 'Appointment': ['start', 'created'], 'MedicationDispense': ['whenHandedOver', 'whenPrepared'], 'Patient': [],
    'Practitioner': [], 'PractitionerRole': [], 'RelatedPerson': [], 'Person': [], 'Location': [], 'Organization': [], 'OrganizationAffiliation': [],
    'HealthcareService': [], 'Device': [], 'Medication': [], 'Group': [], 'Endpoint': [], 'Substance': [], 'Schedule': ['planningHorizon'],
}
PERSON_CODES = {'name', 'family', 'given', 'phonetic', 'author', 'title'}


class Programs:
    """The trees of all types, with flags of each (type, parameter)."""

    def __init__(self, model, parameters, types, compartment):
        self.model, self.parameters, self.types = model, {entry['id']: entry for entry in parameters}, types
        self.by_url = {entry['url']: entry for entry in parameters}
        self.compartment = compartment
        self.unsupported = []
        self.roots, self.flags, self.defaults = {}, {}, {}
        for type_name in types:
            self.compile_type(type_name)

    def of_type(self, type_name):
        bases = {type_name, 'Resource'}
        if 'text' in {name for name in self.model.shapes[type_name].elements} and type_name not in ('Bundle', 'Binary', 'Parameters'):
            bases.add('DomainResource')
        return sorted((entry for entry in self.parameters.values() if bases & set(entry['base'])), key=lambda entry: entry['code'].encode())

    def compile_type(self, type_name):
        compiler = Compiler(self.model, type_name)
        self.flags[type_name] = {}
        self.defaults[type_name] = []
        for entry in self.of_type(type_name):
            flags = {'repeats': False, 'system_row': False, 'code_only_row': False, 'no_system_row': False, 'has_text': False,
                     'has_identifier_type': False, 'systems': set(), 'alternatives': 0}
            self.flags[type_name][entry['id']] = flags
            if entry['id'] in ('Resource-id', 'Resource-lastUpdated') or 'expression' not in entry:
                continue
            try:
                self.compile_parameter(compiler, entry, flags)
            except Unsupported as problem:
                self.unsupported.append((type_name, entry['id'], entry.get('expression'), str(problem)))
        self.sort_dates(compiler, type_name)
        self.roots[type_name] = compiler.root

    def compile_parameter(self, compiler, entry, flags):
        tree = parse(entry['expression'])
        if tree[0] == 'and' and tree[1][0] == 'exists' and tree[2][0] == '!=' and tree[2][1] == tree[1][1] and tree[2][2] == 'false':
            for place in compiler.places(tree[1][1], compiler.start(), True):
                self.act(place, entry, 'boolean' if place.type_code() == 'boolean' else 'present', flags)
            self.defaults[compiler.type_name].append(entry['id'])
            return
        places = compiler.places(tree, compiler.start(), True)
        if entry['type'] == 'composite':
            # Of the resource itself: both components are parameters of it, and it cannot repeat; no rows are needed. What is of the
            # resource or of an element inside it (combo-…) is the union of two others.
            of_resource = any(place.node is compiler.root for place in places)
            for place in places:
                if not of_resource:
                    self.composite(compiler, place, entry)
                flags['repeats'] = flags['repeats'] or place.repeats
            return
        used = 0
        for place in places:
            leaf = LEAVES[entry['type']].get(place.type_code())
            if place.prop is not None and place.prop.shape_name in LEAVES[entry['type']]:
                leaf = LEAVES[entry['type']][place.prop.shape_name]
            if leaf:
                self.act(place, entry, leaf, flags)
                used += 1
        if not used:
            raise Unsupported('no value of kind %s at %s' % (entry['type'], entry['expression']))

    def act(self, place, entry, leaf, flags):
        kind = entry['type']
        person = place.person
        if kind == 'string' and not person and entry['code'] in PERSON_CODES:
            person = 1
        place.node.actions.append((kind, entry['id'], leaf, place.target or '', person))
        flags['alternatives'] += 1
        flags['repeats'] = flags['repeats'] or place.repeats or flags['alternatives'] > 1 and not place.prop.choice
        if kind == 'token':
            flags['code_only_row'] = True
            if leaf in ('codeable_concept', 'coding', 'identifier', 'contact_point'):
                flags['system_row'] = True
                flags['no_system_row'] = flags['no_system_row'] or leaf != 'contact_point'
                flags['has_text'] = flags['has_text'] or leaf != 'contact_point'
                flags['systems'].add(None)
            flags['has_identifier_type'] = flags['has_identifier_type'] or leaf == 'identifier'
            flags['systems'].add(self.model.implicit_system(place.prop) if leaf == 'text' else None)

    def composite(self, compiler, place, entry):
        components = []
        for component in entry['component']:
            part = self.by_url[component['definition']]
            node = Node()
            from_root = component['expression'].startswith('%resource')
            sub = Compiler(self.model, compiler.type_name)
            sub.root = node
            origin = sub.start(node) if from_root else Place(node, place.shape)
            done = 0
            for found in sub.places(parse(component['expression']), origin, False):
                leaf = LEAVES[part['type']].get(found.type_code())
                if leaf:
                    found.node.actions.append((part['type'], part['id'], leaf, '', 0))
                    done += 1
            if not done:
                raise Unsupported('component ' + component['expression'])
            components.append((node, from_root))
        place.node.composites.append((entry['id'], components))

    def sort_dates(self, compiler, type_name):
        rank = 0
        for path in SORT_OVERRIDES.get(type_name, SORT_DATES):
            for place in self.try_places(compiler, type_name, path):
                leaf = LEAVES['date'].get(place.type_code())
                if leaf and not place.repeats:
                    place.node.actions.append(('sort_date', '', leaf, '', rank))
                    rank += 1

    def try_places(self, compiler, type_name, path):
        shape = self.model.shapes[type_name]
        for name in path.split('.'):
            found = shape.variants(name) if shape else []
            if not found:
                return []
            shape = self.model.shapes.get(found[0].shape_name) if found[0].value_type == 'object' else None
        return compiler.places(parse(type_name + '.' + path), compiler.start(), True)
