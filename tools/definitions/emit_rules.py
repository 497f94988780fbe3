"""C++ text of the invariants and of the compact profiles."""
from emit_tables import HEAD, TAIL, rows


def quoted(value):
    return '"%s"' % value.replace('\\', '\\\\').replace('"', '\\"').replace('\r', ' ').replace('\n', ' ')


def emit_invariants(rules, model):
    names = sorted(model.shapes)
    uses, slices = [], []
    for name in names:
        mine = sorted(rules.uses.get(name, []), key=lambda use: (use[0] is not None, use[0] or 0, use[1]))
        slices.append('{%d, %d}' % (len(uses), len(mine)))
        uses += ['{%s, %d}' % ('kWholeObject' if element is None else element, number) for element, number in mine]
    invariants = ['{%s, %s, %s, %s}' % (quoted(key), 'Y' if severity == 'error' else 'n', quoted(expression), quoted(human))
                  for key, severity, expression, human in rules.invariants]
    return HEAD + '''
constinit const Invariant kInvariants[] = {
%s};
constinit const std::size_t kInvariantCount = %d;
constinit const InvariantUse kInvariantUses[] = {
%s};
constinit const Slice kInvariantsOfShape[] = {
%s};
''' % (',\n'.join(invariants), len(invariants), rows(uses, 8), rows(slices, 12)) + TAIL


def emit_profiles(profiles):
    """A literal is cut in pieces: compilers have a limit for one."""
    def literal(text):
        return '\n'.join('R"~(%s)~"' % text[at:at + 8000] for at in range(0, len(text), 8000))
    body = ',\n'.join('{"%s",\n%s}' % (url, literal(text)) for url, text in profiles)
    return HEAD + '''
constinit const ProfileText kProfiles[] = {
%s};
constinit const std::size_t kProfileCount = %d;
''' % (body, len(profiles)) + TAIL
