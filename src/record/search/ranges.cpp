#include "record/search/ranges.hpp"

#include "record/store/rows.hpp"

#include <cmath>

namespace qiao::record {

RangeTest<double> number_test(std::string_view parameter, std::string_view text) {
    RangeTest<double> test;
    test.prefix = take_prefix(text);
    const auto number = parse_number(text);
    if (!number) throw_bad_value(parameter, "is no number");
    const bool exact = test.prefix != Prefix::eq && test.prefix != Prefix::ne;
    test.lo = exact ? number->value : number->lo;
    test.hi = exact ? number->value : number->hi;
    if (test.prefix == Prefix::ap) {
        const double tenth = std::abs(number->value) / 10;
        test.lo -= tenth;
        test.hi += tenth;
    }
    return test;
}

QuantityTest quantity_test(std::string_view parameter, std::string_view text) {
    const auto pieces = split_escaped(text, '|');
    if (pieces.size() != 1 && pieces.size() != 3) throw_bad_value(parameter, "wants number or number|system|code");
    QuantityTest test{number_test(parameter, pieces[0]), {}};
    if (pieces.size() == 3 && !pieces[2].empty()) test.unit = unit_key(unescape(pieces[1]), unescape(pieces[2]));
    return test;
}

}  // namespace qiao::record
