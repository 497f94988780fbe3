#include "record/terminology/code_system.hpp"

#include "base/text.hpp"
#include "record/path/ucum.hpp"
#include "record/terminology/fields.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <span>

namespace qiao::record::terminology {
namespace {

bool truth_of(simdjson::dom::element object, std::string_view name, bool usual) {
    bool value = usual;
    return object[name].get(value) == simdjson::SUCCESS ? value : usual;
}

Content content_of(std::string_view code) {
    if (code == "fragment") return Content::fragment;
    if (code == "example") return Content::example;
    if (code == "not-present") return Content::not_present;
    if (code == "supplement") return Content::supplement;
    return Content::complete;
}

/// The fields of a line of the compact text; those left out at its end are empty.
std::string_view take_field(std::string_view& line) {
    const std::size_t tab = line.find('\t');
    const std::string_view field = line.substr(0, tab);
    line = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
    return field;
}

}  // namespace

/// Reads a resource; parents that are named by code are looked up when all concepts are there.
class CodeSystem::Reader {
public:
    explicit Reader(CodeSystem& out) : out_(out) {}

    void read(simdjson::dom::element resource) {
        const std::string_view meaning = text_of(resource, "hierarchyMeaning");
        is_hierarchy_ = meaning != "grouped-by" && meaning != "part-of";
        simdjson::dom::array declared;
        if (resource["property"].get(declared) == simdjson::SUCCESS) {
            for (const simdjson::dom::element one : declared) out_.properties_.emplace_back(text_of(one, "code"));
        }
        concepts(resource, -1, 0);
        if (is_hierarchy_) link();
    }

private:
    struct Named {
        std::uint32_t child;
        std::string_view parent;
        bool reversed;  ///< `child` names the code below
    };

    void concepts(simdjson::dom::element holder, std::int64_t parent, std::size_t depth) {
        simdjson::dom::array list;
        if (depth > kNesting || holder["concept"].get(list) != simdjson::SUCCESS) return;
        for (const simdjson::dom::element one : list) {
            const std::string_view code = text_of(one, "code");
            const auto number = static_cast<std::uint32_t>(out_.concepts_.size());
            Concept& added = out_.add(code, text_of(one, "display"));
            if (out_.concepts_.size() == number) continue;  // twice the same code: the first is meant
            properties(one, number, added);
            keep_extra(one, added);
            if (parent >= 0) links_.push_back({number, out_.concepts_[static_cast<std::size_t>(parent)].code, false});
            concepts(one, number, depth + 1);
        }
    }

    void properties(simdjson::dom::element one, std::uint32_t number, Concept& added) {
        simdjson::dom::array list;
        if (one["property"].get(list) != simdjson::SUCCESS) return;
        for (const simdjson::dom::element property : list) {
            const std::string_view name = text_of(property, "code");
            const std::string_view code = text_of(property, "valueCode");
            const bool yes = truth_of(property, "valueBoolean", false);
            if (name == "notSelectable" || name == "abstract") added.is_abstract = added.is_abstract || yes;
            if (name == "inactive") added.is_inactive = added.is_inactive || yes;
            if (name == "status" && (code == "retired" || code == "inactive")) added.is_inactive = true;
            if (code.empty()) continue;
            if (name == "parent" || name == "subsumedBy") links_.push_back({number, code, false});
            if (name == "child") links_.push_back({number, code, true});
        }
    }

    void keep_extra(simdjson::dom::element one, Concept& added) {
        std::string json;
        for (const std::string_view name : {"definition", "designation", "property"}) {
            simdjson::dom::element value;
            if (one[name].get(value) != simdjson::SUCCESS) continue;
            json += json.empty() ? "{\"" : ",\"";
            json.append(name).append("\":").append(simdjson::minify(value));
        }
        if (!json.empty()) added.extra = out_.texts_.put(json + "}");
    }

    void link() {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // child, parent
        for (const Named& one : links_) {
            const std::int64_t other = out_.index_.find(out_.folded(one.parent));
            if (other < 0) continue;
            const auto number = static_cast<std::uint32_t>(other);
            pairs.emplace_back(one.reversed ? number : one.child, one.reversed ? one.child : number);
        }
        std::sort(pairs.begin(), pairs.end());
        pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
        for (const auto& [child, parent] : pairs) {
            Concept& one = out_.concepts_[child];
            if (one.parent_count == 0) one.first_parent = static_cast<std::uint32_t>(out_.parents_.size());
            if (one.parent_count == UINT16_MAX) continue;
            ++one.parent_count;
            out_.parents_.push_back(parent);
        }
    }

    CodeSystem& out_;
    bool is_hierarchy_ = true;
    std::vector<Named> links_;
};

std::string CodeSystem::folded(std::string_view code) const { return is_case_sensitive_ ? std::string(code) : lower(code); }

/// Adds a concept unless its code is there; a reference to the last one.
Concept& CodeSystem::add(std::string_view code, std::string_view display) {
    const std::string_view kept = texts_.put(code);
    const std::string_view key = is_case_sensitive_ ? kept : texts_.put(lower(code));
    if (index_.add(key, static_cast<std::uint32_t>(concepts_.size()))) concepts_.push_back({kept, texts_.put(display), {}, 0, 0, false, false});
    return concepts_.back();
}

CodeSystem::Ptr CodeSystem::from_resource(simdjson::dom::element resource) {
    std::shared_ptr<CodeSystem> out(new CodeSystem);
    out->url_ = text_of(resource, "url");
    out->version_ = text_of(resource, "version");
    out->name_ = text_of(resource, "name");
    out->content_ = content_of(text_of(resource, "content"));
    out->is_case_sensitive_ = truth_of(resource, "caseSensitive", true);
    Reader(*out).read(resource);
    out->concepts_.shrink_to_fit();
    return out;
}

CodeSystem::Ptr CodeSystem::from_builtin(const BuiltinCodeSystem& text) {
    std::shared_ptr<CodeSystem> out(new CodeSystem);
    out->url_ = text.url;
    out->version_ = text.version;
    out->name_ = text.name;
    out->content_ = text.content == 'c'   ? Content::complete
                    : text.content == 'f' ? Content::fragment
                    : text.content == 'e' ? Content::example
                                          : Content::not_present;
    if (text.text.empty()) return out;
    for (std::string_view line : split(text.text, '\n')) {
        Concept one;
        one.code = take_field(line);
        one.display = take_field(line);
        const std::string_view flags = take_field(line);
        one.is_abstract = flags.find('a') != std::string_view::npos;
        one.is_inactive = flags.find('i') != std::string_view::npos;
        one.first_parent = static_cast<std::uint32_t>(out->parents_.size());
        for (const std::string_view number : line.empty() ? std::vector<std::string_view>() : split(line, ',')) {
            std::uint32_t parent = 0;
            std::from_chars(number.data(), number.data() + number.size(), parent);
            out->parents_.push_back(parent);
            ++one.parent_count;
        }
        out->index_.add(one.code, static_cast<std::uint32_t>(out->concepts_.size()));
        out->concepts_.push_back(one);
    }
    return out;
}

CodeSystem::Ptr CodeSystem::ucum() {
    static const Ptr one = [] {
        std::shared_ptr<CodeSystem> out(new CodeSystem);
        out->url_ = kUcum;
        out->name_ = "UCUM";
        out->is_grammar_ = true;
        return out;
    }();
    return one;
}

const Concept* CodeSystem::find(std::string_view code) const {
    const std::int64_t number = is_case_sensitive_ ? index_.find(code) : index_.find(lower(code));
    return number < 0 ? nullptr : &concepts_[static_cast<std::size_t>(number)];
}

std::optional<bool> CodeSystem::has(std::string_view code) const {
    if (is_grammar_) {
        const auto unit = path::parse_unit(code);
        if (unit && !unit->is_known) return std::nullopt;
        return unit.has_value();
    }
    if (find(code) != nullptr) return true;
    return content_ == Content::complete ? std::optional(false) : std::nullopt;
}

bool CodeSystem::subsumes(const Concept& ancestor, const Concept& one) const {
    if (&ancestor == &one) return true;
    // A hierarchy made of properties may run in a circle: each concept is looked at once.
    constexpr std::size_t kFew = 64;
    std::vector<std::uint32_t> open{static_cast<std::uint32_t>(&one - concepts_.data())};
    const auto wanted = static_cast<std::uint32_t>(&ancestor - concepts_.data());
    for (std::size_t at = 0; at < open.size(); ++at) {
        const Concept& here = concepts_[open[at]];
        for (std::uint32_t i = here.first_parent; i < here.first_parent + here.parent_count; ++i) {
            if (parents_[i] == wanted) return true;
            if (std::find(open.begin(), open.end(), parents_[i]) == open.end()) open.push_back(parents_[i]);
        }
        if (open.size() > kFew) return all_above(one)[wanted];
    }
    return false;
}

std::vector<bool> CodeSystem::all_above(const Concept& one) const {
    std::vector<bool> seen(concepts_.size());
    std::vector<std::uint32_t> open{static_cast<std::uint32_t>(&one - concepts_.data())};
    seen[open.front()] = true;
    while (!open.empty()) {
        const Concept& here = concepts_[open.back()];
        open.pop_back();
        for (std::uint32_t i = here.first_parent; i < here.first_parent + here.parent_count; ++i) {
            if (seen[parents_[i]]) continue;
            seen[parents_[i]] = true;
            open.push_back(parents_[i]);
        }
    }
    return seen;
}

std::vector<bool> CodeSystem::all_below(const Concept& one) const {
    // The children of each, one after the other.
    std::vector<std::uint32_t> first(concepts_.size() + 1);
    for (const std::uint32_t parent : parents_) ++first[parent + 1];
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    std::vector<std::uint32_t> children(parents_.size());
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for (std::uint32_t child = 0; child < concepts_.size(); ++child) {
        const Concept& here = concepts_[child];
        for (std::uint32_t i = here.first_parent; i < here.first_parent + here.parent_count; ++i) children[next[parents_[i]]++] = child;
    }
    std::vector<bool> seen(concepts_.size());
    std::vector<std::uint32_t> open{static_cast<std::uint32_t>(&one - concepts_.data())};
    seen[open.front()] = true;
    while (!open.empty()) {
        const std::uint32_t here = open.back();
        open.pop_back();
        for (std::uint32_t i = first[here]; i < first[here + 1]; ++i) {
            if (seen[children[i]]) continue;
            seen[children[i]] = true;
            open.push_back(children[i]);
        }
    }
    return seen;
}

bool CodeSystem::is_child(const Concept& one, const Concept& parent) const {
    const auto wanted = static_cast<std::uint32_t>(&parent - concepts_.data());
    for (std::uint32_t i = one.first_parent; i < one.first_parent + one.parent_count; ++i) {
        if (parents_[i] == wanted) return true;
    }
    return false;
}

std::vector<const Concept*> CodeSystem::parents_of(const Concept& one) const {
    std::vector<const Concept*> out;
    for (std::uint32_t i = one.first_parent; i < one.first_parent + one.parent_count; ++i) out.push_back(&concepts_[parents_[i]]);
    return out;
}

bool CodeSystem::declares(std::string_view property) const { return std::find(properties_.begin(), properties_.end(), property) != properties_.end(); }

std::size_t CodeSystem::bytes() const {
    return sizeof *this + texts_.bytes() + index_.bytes() + concepts_.capacity() * sizeof(Concept) + parents_.capacity() * sizeof(std::uint32_t);
}

CodeSystem::Ptr builtin_code_system(std::string_view url, std::string_view version) {
    if (url == kUcum) return version.empty() ? CodeSystem::ucum() : nullptr;
    const std::span<const BuiltinCodeSystem> all(kBuiltinCodeSystems, kBuiltinCodeSystemCount);
    const auto found = std::ranges::lower_bound(all, url, {}, &BuiltinCodeSystem::url);
    if (found == all.end() || found->url != url || (!version.empty() && version != found->version)) return nullptr;
    static std::mutex mutex;
    static std::vector<CodeSystem::Ptr> made(kBuiltinCodeSystemCount);
    const std::scoped_lock lock(mutex);
    CodeSystem::Ptr& one = made[static_cast<std::size_t>(found - all.begin())];
    if (!one) one = CodeSystem::from_builtin(*found);
    return one;
}

}  // namespace qiao::record::terminology
