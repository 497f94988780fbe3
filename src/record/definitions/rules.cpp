#include "record/definitions/rules.hpp"

#include "record/definitions/tables.hpp"

#include <algorithm>

namespace qiao::record {

using namespace tables;

std::span<const Invariant> invariants() { return {kInvariants, kInvariantCount}; }

std::span<const InvariantUse> invariants_of(ShapeId shape) {
    if (shape == kNoShape) return {};
    return {kInvariantUses + kInvariantsOfShape[shape].first, kInvariantsOfShape[shape].count};
}

std::optional<std::string_view> profile_text(std::string_view url) {
    const std::span<const ProfileText> profiles(kProfiles, kProfileCount);
    const auto found = std::ranges::lower_bound(profiles, url, {}, &ProfileText::url);
    if (found == profiles.end() || found->url != url) return std::nullopt;
    return found->text;
}

std::uint16_t find_value_set(std::string_view url) {
    url = url.substr(0, url.find('|'));
    for (std::size_t number = 1; number < kValueSetCount; ++number) {
        if (kValueSets[number].url == url) return static_cast<std::uint16_t>(number);
    }
    return 0;
}

}  // namespace qiao::record
