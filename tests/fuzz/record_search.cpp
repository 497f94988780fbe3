#include "base/assert.hpp"
#include "base/error.hpp"
#include "record/extract/dates.hpp"
#include "record/search/cursor.hpp"
#include "record/search/query.hpp"
#include "record/search/values.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Any text as a search, as a value of each kind and as the token of a page. Besides not crashing: an error is one of ours, what is
/// said to have been searched is the same search, a value comes back from its escapes, and a token that we did not write opens nothing.
namespace {

template <class Work>
void quietly(Work work) {
    try {
        work();
    } catch (const qiao::Error& error) {
        QIAO_ASSERT(error.kind() == qiao::ErrorKind::invalid || error.kind() == qiao::ErrorKind::too_large || error.kind() == qiao::ErrorKind::forbidden);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qiao::record;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const bool several : {false, true}) {
        quietly([&] {
            const Query query = parse_query(text, several);
            QIAO_ASSERT(query.count >= 0 && query.sort.size() <= 10);
            QIAO_ASSERT(query.identity("Patient") == parse_query(text, several).identity("Patient"));
        });
    }
    QIAO_ASSERT(unescape(escape(text)) == text);
    QIAO_ASSERT(split_escaped(escape(text), ',').size() == 1);
    std::string_view rest = text;
    take_prefix(rest);
    if (const auto number = parse_number(rest)) QIAO_ASSERT(number->lo <= number->value && number->value <= number->hi);
    const Zone zone("Asia/Shanghai");
    if (const auto date = parse_time_range(rest, &zone)) QIAO_ASSERT(date->lo_ms < date->hi_ms);
    const ReadFilter filter = ReadFilter::system("fuzz");
    const std::string key(32, 'k');
    bool was_read = true;
    try {
        read_cursor(text, key, "Patient?", filter);
    } catch (const qiao::Error&) {
        was_read = false;
    }
    QIAO_ASSERT(!was_read);
    const std::string ours = write_cursor({7, {std::int64_t{3}, 1.5, std::string(text)}, 9}, key, "Patient?", filter);
    QIAO_ASSERT(std::get<std::string>(read_cursor(ours, key, "Patient?", filter).values.back()) == text);
    return 0;
}
