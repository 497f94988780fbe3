#include "imaging/dictionary.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

namespace qiao::imaging {
namespace {

constexpr DictionaryEntry kTable[] = {
#include "imaging/dictionary_table.inc"
};

/// Overlays and curves repeat in the even groups 60xx and 50xx; the table has their first group.
Tag first_of_repeating_group(Tag tag) {
    const Tag group = tag >> 16U;
    const bool repeats = (group & 1U) == 0 && ((group & 0xFF00U) == 0x6000U || (group & 0xFF00U) == 0x5000U);
    return repeats ? ((group & 0xFF00U) << 16U) | (tag & 0xFFFFU) : tag;
}

const std::unordered_map<std::string_view, Tag>& keywords() {
    static const auto map = [] {
        std::unordered_map<std::string_view, Tag> built;
        for (const auto& entry : kTable) built.emplace(entry.keyword, entry.tag);
        return built;
    }();
    return map;
}

}  // namespace

const DictionaryEntry* find_tag(Tag tag) {
    const Tag wanted = first_of_repeating_group(tag);
    const auto* found = std::lower_bound(std::begin(kTable), std::end(kTable), wanted, [](const DictionaryEntry& entry, Tag t) { return entry.tag < t; });
    return found != std::end(kTable) && found->tag == wanted ? found : nullptr;
}

std::optional<Tag> tag_by_name(std::string_view name) {
    if (name.size() == 8) {
        Tag tag = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), tag, 16);
        if (error == std::errc() && end == name.data() + name.size()) return tag;
    }
    const auto found = keywords().find(name);
    if (found == keywords().end()) return std::nullopt;
    return found->second;
}

std::string tag_text(Tag tag) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string text(8, '0');
    for (int digit = 7; digit >= 0; --digit, tag >>= 4U) text[static_cast<std::size_t>(digit)] = kDigits[tag & 0xFU];
    return text;
}

}  // namespace qiao::imaging
