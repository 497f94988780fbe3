#include "record/validate/profile.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"
#include "record/definitions/rules.hpp"

#include <algorithm>
#include <mutex>

namespace qiao::record {

ProfileNode& node_at(ProfileNode& root, std::string_view id) {
    ProfileNode* node = &root;
    if (id.empty()) return *node;
    for (const std::string_view part : split(id, '.')) {
        const std::size_t colon = part.find(':');
        std::string_view name = part.substr(0, colon);
        if (name.ends_with("[x]")) name.remove_suffix(3);
        node = &node->children[std::string(name)];
        if (colon == std::string_view::npos) continue;
        const std::string_view slice = part.substr(colon + 1);
        const auto found = std::ranges::find(node->slices, slice, &ProfileNode::slice);
        if (found != node->slices.end()) {
            node = &*found;
        } else {
            node->slices.emplace_back().slice = slice;
            node = &node->slices.back();
        }
    }
    return *node;
}

namespace {

std::vector<std::string> texts(const json::Value& list) {
    std::vector<std::string> out;
    for (const json::Value& item : list.items()) out.push_back(item.text());
    return out;
}

Discriminator discriminator_of(const json::Value& row) {
    const std::string& kind = row.at(0).text();
    using enum Discriminator::Kind;
    return {kind == "type" ? type : kind == "exists" ? exists : kind == "profile" ? profile : value, row.at(1).text()};
}

void fill(ProfileNode& node, const json::Value& row) {
    node.min = static_cast<int>(row["min"].integer().value_or(0));
    if (const auto max = row["max"].integer()) node.max = static_cast<int>(*max);
    if (!row["fixed"].is_null()) node.fixed = row["fixed"];
    if (!row["pattern"].is_null()) node.pattern = row["pattern"];
    node.types = texts(row["types"]);
    node.targets = texts(row["targets"]);
    node.profiles = texts(row["profiles"]);
    node.is_required_binding = row["binding"].at(0).text() == "required";
    node.value_set = row["binding"].at(1).text();
    for (const json::Value& one : row["constraints"].items()) {
        auto expression = path::Expression::parse(one.at(2).text());
        QIAO_ASSERT(expression);
        node.constraints.push_back({one.at(0).text(), one.at(1).text() == "error", one.at(3).text(), std::move(*expression)});
    }
    node.is_sliced = !row["slicing"].is_null();
    node.is_closed = row["slicing"].at(0).text() == "closed";
    for (const json::Value& one : row["slicing"].at(1).items()) node.discriminators.push_back(discriminator_of(one));
}

Profile::Ptr read_profile(std::string_view url, std::string_view text) {
    const auto json = json::parse(text);
    QIAO_ASSERT(json);
    auto profile = std::make_shared<Profile>();
    profile->url = url;
    profile->type = (*json)["type"].text();
    profile->contexts = texts((*json)["context"]);
    for (const json::Value& row : (*json)["elements"].items()) fill(node_at(profile->root, row["id"].text()), row);
    return profile;
}

}  // namespace

Profile::Ptr builtin_profile(std::string_view url) {
    url = url.substr(0, url.find('|'));
    const auto text = profile_text(url);
    if (!text) return nullptr;
    static std::mutex mutex;
    static std::map<std::string, Profile::Ptr, std::less<>> known;
    const std::lock_guard lock(mutex);
    const auto found = known.find(url);
    if (found != known.end()) return found->second;
    return known.emplace(std::string(url), read_profile(url, *text)).first->second;
}

}  // namespace qiao::record
