#include "record/search/terminology_clause.hpp"

#include "base/error.hpp"
#include "record/search/values.hpp"
#include "record/terminology/expand.hpp"
#include "record/terminology/record_shelf.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

[[noreturn]] void too_many(const Named& named, std::string_view value) {
    const std::string why = fmt::format("\"{}:{}={}\" is more than {} codes", named.definition.code, named.modifier, value, kModifierCodes);
    throw Error(ErrorKind::invalid, "record.too_costly", "the modifier comes to too many codes", {{"too-costly", parameter_place(named.definition.code), why}});
}

class Hashes {
public:
    Hashes(const SearchContext& context, const Named& named) : named_(named), hash_(context.hash()), shelf_(context.reader.definitions()) {}

    void add_set(std::string_view value) {
        const std::string url = unescape(value);
        constexpr std::string_view kLocal = "ValueSet/";
        const auto [bare, version] = terminology::canonical_parts(url);
        const auto set = url.starts_with(kLocal) ? shelf_.value_set_of(std::string_view(url).substr(kLocal.size())) : shelf_.value_set(bare, version);
        if (!set) throw_bad_value(named_.definition.code, "names a value set that is not known here");
        const auto expansion = terminology::expand(shelf_, set);
        if (expansion.codes.size() > kModifierCodes) too_many(named_, value);
        for (const auto& one : expansion.codes) add(value, expansion.systems[one.system].url, one.code);
    }

    void add_hierarchy(std::string_view value) {
        const auto pieces = split_escaped(value, '|');
        if (pieces.size() > 2) throw_bad_value(named_.definition.code, "has more than one |");
        const std::string code = unescape(pieces.back());
        const std::string url = pieces.size() == 2 ? unescape(pieces.front()) : std::string(named_.how.implicit_system);
        if (url.empty() || code.empty()) throw_bad_value(named_.definition.code, "wants system|code");
        const auto system = shelf_.code_system(url, {});
        const auto* start = system ? system->find(code) : nullptr;
        if (start == nullptr) throw_bad_value(named_.definition.code, "is no code of a code system that is known here");
        const std::vector<bool> wanted = named_.modifier == "below" ? system->all_below(*start) : system->all_above(*start);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i]) add(value, url, system->concepts()[i].code);
        }
    }

    std::vector<std::int64_t> take() {
        std::sort(hashes_.begin(), hashes_.end());
        hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
        return std::move(hashes_);
    }

private:
    void add(std::string_view value, const std::string& system, std::string_view code) {
        if (++codes_ > kModifierCodes) too_many(named_, value);
        append_coded(named_, hash_, system, code, hashes_);
    }

    const Named& named_;
    TokenHash hash_;
    const RecordShelf& shelf_;
    std::size_t codes_ = 0;
    std::vector<std::int64_t> hashes_;
};

}  // namespace

std::vector<std::int64_t> terminology_hashes(const SearchContext& context, const Named& named) {
    Hashes hashes(context, named);
    for (const std::string_view value : named.values) {
        if (named.modifier == "in" || named.modifier == "not-in")
            hashes.add_set(value);
        else
            hashes.add_hierarchy(value);
    }
    return hashes.take();
}

}  // namespace qiao::record
