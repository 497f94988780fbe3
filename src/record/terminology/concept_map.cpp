#include "record/terminology/concept_map.hpp"

#include "record/terminology/fields.hpp"

namespace qiao::record::terminology {
namespace {

/// From the other side: what is wider there is narrower here (R4: concept-map-equivalence).
std::string_view reversed(std::string_view equivalence) {
    if (equivalence == "wider") return "narrower";
    if (equivalence == "narrower") return "wider";
    if (equivalence == "subsumes") return "specializes";
    if (equivalence == "specializes") return "subsumes";
    return equivalence;
}

void add_unmapped(const ConceptMap& map, const MapGroup& group, std::string_view code, std::vector<Translation>& out, std::string& other_map) {
    if (group.unmapped_mode == "provided") out.push_back({"equal", group.target, std::string(code), "", "", map.url()});
    if (group.unmapped_mode == "fixed") out.push_back({"relatedto", group.target, group.unmapped_code, group.unmapped_display, "", map.url()});
    if (group.unmapped_mode == "other-map") other_map = group.unmapped_url;
}

}  // namespace

ConceptMap::Ptr ConceptMap::from_resource(simdjson::dom::element resource) {
    std::shared_ptr<ConceptMap> out(new ConceptMap);
    out->url_ = text_of(resource, "url");
    const auto keep = [&](simdjson::dom::element from, std::string_view name) { return out->texts_.put(text_of(from, name)); };
    for_items(resource, "group", [&](simdjson::dom::element row) {
        MapGroup& group = out->groups_.emplace_back();
        group.source = text_of(row, "source");
        group.target = text_of(row, "target");
        for_items(row, "element", [&](simdjson::dom::element from) {
            MapElement element{keep(from, "code"), keep(from, "display"), {}};
            for_items(from, "target", [&](simdjson::dom::element to) {
                element.targets.push_back({keep(to, "code"), keep(to, "display"), keep(to, "equivalence"), keep(to, "comment")});
            });
            out->bytes_ += sizeof element + element.targets.capacity() * sizeof(MapTarget);
            if (group.index.add(element.code, static_cast<std::uint32_t>(group.elements.size()))) {
                group.elements.push_back(std::move(element));
                return;
            }
            // The same code again: its targets join the first's.
            MapElement& first = group.elements[static_cast<std::size_t>(group.index.find(element.code))];
            first.targets.insert(first.targets.end(), element.targets.begin(), element.targets.end());
        });
        simdjson::dom::element unmapped;
        if (row["unmapped"].get(unmapped) == simdjson::SUCCESS) {
            group.unmapped_mode = text_of(unmapped, "mode");
            group.unmapped_code = text_of(unmapped, "code");
            group.unmapped_display = text_of(unmapped, "display");
            group.unmapped_url = text_of(unmapped, "url");
        }
        out->bytes_ += group.index.bytes();
    });
    out->bytes_ += sizeof *out + out->texts_.bytes();
    return out;
}

std::vector<Translation> translate(const ConceptMap& map, std::string_view system, std::string_view code, bool reverse, std::string& other_map) {
    std::vector<Translation> out;
    for (const MapGroup& group : map.groups()) {
        if (!system.empty() && system != (reverse ? group.target : group.source)) continue;
        if (reverse) {
            for (const MapElement& element : group.elements) {
                for (const MapTarget& target : element.targets) {
                    if (target.code != code) continue;
                    out.push_back({std::string(reversed(target.equivalence)), group.source, std::string(element.code), std::string(element.display),
                                   std::string(target.comment), map.url()});
                }
            }
            continue;
        }
        const std::int64_t at = group.index.find(code);
        if (at < 0) {
            add_unmapped(map, group, code, out, other_map);
            continue;
        }
        for (const MapTarget& target : group.elements[static_cast<std::size_t>(at)].targets) {
            out.push_back(
                {std::string(target.equivalence), group.target, std::string(target.code), std::string(target.display), std::string(target.comment), map.url()});
        }
    }
    return out;
}

}  // namespace qiao::record::terminology
