"""C++ text of the extraction trees. Equal sub-trees are shared."""
from emit_tables import HEAD, TAIL, Pool, rows, slots, text


class ProgramTables:
    def __init__(self, programs, types, type_numbers, parameter_numbers):
        self.programs, self.types = programs, types
        self.type_numbers, self.parameter_numbers = type_numbers, parameter_numbers
        self.slots, self.filters, self.filter_numbers = Pool(), ['{}'], {None: 0}
        self.edges, self.actions, self.composites, self.components = [], [], [], []
        self.nodes, self.node_numbers = [], {}

    def filter(self, condition):
        if condition not in self.filter_numbers:
            self.filter_numbers[condition] = len(self.filters)
            if condition[0] == 'equals':
                self.filters.append('{Filter::Kind::equals, %s, %s, 0}' % (text(condition[1]), text(condition[2])))
            else:
                self.filters.append('{Filter::Kind::index, {}, {}, %d}' % condition[1])
        return self.filter_numbers[condition]

    def action(self, row):
        kind, parameter, leaf, target, extra = row
        return '{P{%d}, A::%s, L::%s, T::%s, %d}' % (
            self.parameter_numbers[parameter] if parameter else 0, kind, leaf, target or 'none', extra)

    def node(self, node):
        """Number of an equal node."""
        edges = sorted(((name, self.filter(condition), self.node(child)) for (name, condition), child in node.edges.items()))
        actions = [self.action(row) for row in node.actions]
        composites = [(parameter, tuple((self.node(part), from_root) for part, from_root in parts)) for parameter, parts in node.composites]
        key = (tuple(edges), tuple(actions), tuple(composites))
        if key in self.node_numbers:
            return self.node_numbers[key]
        first_edge, first_action, first_composite = len(self.edges), len(self.actions), len(self.composites)
        names = []
        for index, (name, condition, child) in enumerate(edges):
            again = index > 0 and edges[index - 1][0] == name
            more = index + 1 < len(edges) and edges[index + 1][0] == name
            names.append(None if again else name)
            self.edges.append('{%s, %d, %d, %s}' % (text(name), child, condition, 'Y' if more else 'n'))
        table = slots(names)
        self.actions += actions
        for parameter, parts in composites:
            self.composites.append('{P{%d}, %d, %d}' % (self.parameter_numbers[parameter], len(self.components), len(parts)))
            self.components += ['{%d, %s}' % (part, 'Y' if from_root else 'n') for part, from_root in parts]
        self.node_numbers[key] = len(self.nodes)
        self.nodes.append('{%d, %d, %d, %d, %d, %d, %d, %d}' % (
            first_edge, self.slots.slice(table), first_action, first_composite, len(edges), len(table) - 1, len(actions), len(composites)))
        return self.node_numbers[key]

    def emit(self):
        highest = max(self.type_numbers.values())
        roots = ['0xffff'] * (highest + 1)
        defaults, slices = [], ['{0, 0}'] * (highest + 1)
        for name in self.types:
            roots[self.type_numbers[name]] = str(self.node(self.programs.roots[name]))
            found = self.programs.defaults[name]
            slices[self.type_numbers[name]] = '{%d, %d}' % (len(defaults), len(found))
            defaults += ['P{%d}' % self.parameter_numbers[parameter] for parameter in found]
        return HEAD + '''
namespace {
using A = ActionKind;
using L = Leaf;
using T = TypeId;
}  // namespace
constinit const std::uint8_t kNodeSlots[] = {
%s};
constinit const Filter kFilters[] = {
%s};
constinit const Edge kEdges[] = {
%s};
constinit const Action kActions[] = {
%s};
constinit const Component kNodeComponents[] = {
%s};
constinit const Composite kComposites[] = {
%s};
constinit const Node kNodes[] = {
%s};
constinit const std::uint16_t kRootOfType[] = {
%s};
constinit const ParamId kFalseByDefault[] = {
%s};
constinit const Slice kFalseByDefaultOfType[] = {
%s};
''' % (rows(self.slots.items, 40), ',\n'.join(self.filters), ',\n'.join(self.edges), ',\n'.join(self.actions), ',\n'.join(self.components),
        ',\n'.join(self.composites), ',\n'.join(self.nodes), rows(roots), rows(defaults), ',\n'.join(slices)) + TAIL
