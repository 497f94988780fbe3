#include "record/terminology/value_set.hpp"

#include "base/text.hpp"
#include "record/terminology/fields.hpp"

#include <algorithm>
#include <mutex>
#include <span>

namespace qiao::record::terminology {
namespace {

constexpr std::size_t kNesting = 30;

}  // namespace

void ValueSet::add_code(Include& to, std::string_view code, std::string_view display) {
    const std::string_view kept = texts_.put(code);
    if (to.index.add(kept, static_cast<std::uint32_t>(to.codes.size()))) to.codes.push_back({kept, texts_.put(display)});
    to.lists_codes = true;
}

ValueSet::Ptr ValueSet::from_builtin(const BuiltinValueSet& text) {
    std::shared_ptr<ValueSet> out(new ValueSet);
    out->url_ = text.url;
    out->version_ = text.version;
    out->name_ = text.name;
    out->status_ = "active";
    Include* part = nullptr;
    for (const std::string_view line : split(text.text, '\n')) {
        auto fields = split(line, '\t');
        fields.resize(4);
        if (fields[0] == "I" || fields[0] == "X") {
            part = &(fields[0] == "I" ? out->includes_ : out->excludes_).emplace_back();
            part->system = fields[1];
            part->version = fields[2];
        } else if (part == nullptr) {
            continue;
        } else if (fields[0] == "C") {
            part->index.add(fields[1], static_cast<std::uint32_t>(part->codes.size()));
            part->codes.push_back({fields[1], fields[2]});
            part->lists_codes = true;
        } else if (fields[0] == "F") {
            part->filters.push_back({std::string(fields[1]), std::string(fields[2]), std::string(fields[3])});
        } else if (fields[0] == "V") {
            part->value_sets.emplace_back(fields[1]);
        }
    }
    return out;
}

void ValueSet::add_parts(simdjson::dom::element compose, std::string_view name, std::vector<Include>& out) {
    for_items(compose, name, [&](simdjson::dom::element row) {
        Include& part = out.emplace_back();
        part.system = text_of(row, "system");
        part.version = text_of(row, "version");
        simdjson::dom::array urls;
        if (row["valueSet"].get(urls) == simdjson::SUCCESS) {
            for (const simdjson::dom::element url : urls) {
                std::string_view value;
                if (url.get(value) == simdjson::SUCCESS) part.value_sets.emplace_back(value);
            }
        }
        for_items(row, "filter", [&](simdjson::dom::element filter) {
            part.filters.push_back({std::string(text_of(filter, "property")), std::string(text_of(filter, "op")), std::string(text_of(filter, "value"))});
        });
        for_items(row, "concept", [&](simdjson::dom::element one) { add_code(part, text_of(one, "code"), text_of(one, "display")); });
    });
}

Include& ValueSet::include_of(std::string_view system, std::string_view version) {
    for (Include& one : includes_) {
        if (one.system == system && one.version == version) return one;
    }
    Include& made = includes_.emplace_back();
    made.system = system;
    made.version = version;
    return made;
}

void ValueSet::add_expansion(simdjson::dom::element holder, std::size_t depth) {
    if (depth > kNesting) return;
    for_items(holder, "contains", [&](simdjson::dom::element one) {
        bool value = false;
        const bool is_abstract = one["abstract"].get(value) == simdjson::SUCCESS && value;
        const std::string_view code = text_of(one, "code");
        if (!is_abstract && !code.empty()) add_code(include_of(text_of(one, "system"), text_of(one, "version")), code, text_of(one, "display"));
        add_expansion(one, depth + 1);
    });
}

ValueSet::Ptr ValueSet::from_resource(simdjson::dom::element resource) {
    std::shared_ptr<ValueSet> out(new ValueSet);
    out->url_ = text_of(resource, "url");
    out->version_ = text_of(resource, "version");
    out->name_ = text_of(resource, "name");
    out->status_ = text_of(resource, "status");
    simdjson::dom::element compose;
    if (resource["compose"].get(compose) == simdjson::SUCCESS) {
        bool inactive = true;
        out->leaves_inactive_out_ = compose["inactive"].get(inactive) == simdjson::SUCCESS && !inactive;
        out->add_parts(compose, "include", out->includes_);
        out->add_parts(compose, "exclude", out->excludes_);
    } else if (resource["expansion"].get(compose) == simdjson::SUCCESS) {
        out->add_expansion(compose, 0);
    }
    return out;
}

ValueSet::Ptr ValueSet::of_system(std::string_view url, std::string_view system) {
    std::shared_ptr<ValueSet> out(new ValueSet);
    out->url_ = url;
    out->status_ = "active";
    out->includes_.emplace_back().system = system;
    return out;
}

std::size_t ValueSet::bytes() const {
    std::size_t sum = sizeof *this + texts_.bytes();
    for (const auto* list : {&includes_, &excludes_}) {
        for (const Include& one : *list)
            sum += sizeof one + one.codes.capacity() * sizeof(NamedCode) + one.index.bytes() + one.filters.size() * sizeof(ConceptFilter);
    }
    return sum;
}

ValueSet::Ptr builtin_value_set(std::string_view url, std::string_view version) {
    const std::span<const BuiltinValueSet> all(kBuiltinValueSets, kBuiltinValueSetCount);
    const auto found = std::ranges::lower_bound(all, url, {}, &BuiltinValueSet::url);
    if (found == all.end() || found->url != url || (!version.empty() && version != found->version)) return nullptr;
    static std::mutex mutex;
    static std::vector<ValueSet::Ptr> made(kBuiltinValueSetCount);
    const std::scoped_lock lock(mutex);
    ValueSet::Ptr& one = made[static_cast<std::size_t>(found - all.begin())];
    if (!one) one = ValueSet::from_builtin(*found);
    return one;
}

}  // namespace qiao::record::terminology
