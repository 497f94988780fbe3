#include "app/demo/network.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace qiao::app::demo {
namespace {

std::string text_of(const toml::table& table, std::string_view key) { return table[key].value_or(std::string()); }

std::string needed(const toml::table& table, std::string_view key) {
    std::string text = text_of(table, key);
    if (text.empty()) throw Error(ErrorKind::invalid, "demo.bad_file", fmt::format("{} is missing (line {})", key, table.source().begin.line));
    return text;
}

std::vector<std::string> texts_of(const toml::table& table, std::string_view key) {
    std::vector<std::string> texts;
    if (const auto* list = table[key].as_array()) {
        for (const auto& item : *list) texts.push_back(item.value_or(std::string()));
    }
    return texts;
}

template <class Use>
void for_each_table(const toml::table& file, std::string_view key, Use use) {
    if (const auto* list = file[key].as_array()) {
        for (const auto& item : *list) {
            if (const auto* table = item.as_table()) use(*table);
        }
    }
}

/// FHIR ids of the demo's own resources are the ids of the file, so that a story can name them.
std::string resource_id(std::string_view id) { return "demo-" + std::string(id); }

void read_card(Network& network, const toml::table& table, const std::string& id) {
    if (text_of(table, "transport").empty()) return;
    network.cards[id] = {texts_of(table, "drugs"), texts_of(table, "devices"), text_of(table, "transport"), text_of(table, "phone")};
}

/// "hub:expert:neurosurgery:chief"
void add_membership(access::Directory& directory, const record::Actor& actor, Network& network, const access::Person& person, std::string_view at) {
    const auto parts = split(at, ':');
    const auto part = [&](std::size_t index) { return index < parts.size() ? std::string(parts[index]) : std::string(); };
    const auto organisation = network.organisations.find(part(0));
    if (organisation == network.organisations.end()) throw Error(ErrorKind::invalid, "demo.bad_file", fmt::format("unknown organisation in {}", at));
    directory.add_membership(actor, {.person = person.id, .organisation = organisation->second, .role = part(1), .specialty = part(2), .rank = part(3)});
    if (part(1) == "doctor") network.doctor_of.try_emplace(part(0), person.login);
}

constexpr std::chrono::hours kShift{12};
constexpr int kShifts = 2 * 90;  // so that a demo can be looked at for a season

/// The people of a row take turns, shift by shift; who is not first is rung second.
void add_duties(access::Directory& directory, const record::Actor& actor, const Network& network, const toml::table& table, Instant now) {
    const std::int64_t at = network.organisations.at(needed(table, "at"));
    const std::vector<std::string> logins = texts_of(table, "people");
    const Instant first = from_us(to_us(now) / std::chrono::microseconds(kShift).count() * std::chrono::microseconds(kShift).count());
    std::vector<access::Duty> duties;
    for (int shift = 0; shift < kShifts; ++shift) {
        for (std::size_t place = 0; place < logins.size(); ++place) {
            const auto who = directory.person_by_login(logins[(static_cast<std::size_t>(shift) + place) % logins.size()]);
            if (!who) throw Error(ErrorKind::invalid, "demo.bad_file", fmt::format("unknown person on duty (line {})", table.source().begin.line));
            duties.push_back({.organisation = at,
                              .person = who->id,
                              .specialty = text_of(table, "specialty"),
                              .place = static_cast<int>(place) + 1,
                              .starts = first + shift * kShift,
                              .ends = first + (shift + 1) * kShift});
        }
    }
    directory.add_duties(actor, duties);
}

}  // namespace

Network make_network(access::Directory& directory, const std::string& file, Instant now) {
    const record::Actor actor = record::Actor::system("HSYSADMIN");
    const toml::table data = toml::parse_file(file);
    Network network;
    for_each_table(data, "organisation", [&](const toml::table& table) {
        const std::string id = needed(table, "id");
        const std::string parent = text_of(table, "parent");
        const auto made = directory.create_organisation(actor, {.kind = needed(table, "kind"),
                                                                .name = needed(table, "name"),
                                                                .name_en = needed(table, "name_en"),
                                                                .parent = parent.empty() ? 0 : network.organisations.at(parent),
                                                                .resource_id = resource_id(id),
                                                                .phone = text_of(table, "phone")});
        network.organisations[id] = made.id;
        network.resources[id] = made.resource;
        read_card(network, table, id);
    });
    for_each_table(data, "contract", [&](const toml::table& table) {
        for (const std::string& asker : texts_of(table, "from")) {
            directory.add_contract(actor, network.organisations.at(asker), network.organisations.at(needed(table, "to")), needed(table, "service"),
                                   Instant::max(), {.fee_minor = table["fee_minor"].value_or(std::int64_t{0})});
        }
    });
    for_each_table(data, "person", [&](const toml::table& table) {
        const std::string login = needed(table, "login");
        std::string id = login;
        for (char& c : id) c = c == '.' ? '-' : c;
        const auto person = directory.create_person(actor, {.login = login,
                                                            .name = needed(table, "name"),
                                                            .name_en = needed(table, "name_en"),
                                                            .gender = text_of(table, "gender"),
                                                            .resource_id = resource_id(id)});
        for (const std::string& at : texts_of(table, "at")) add_membership(directory, actor, network, person, at);
    });
    for_each_table(data, "duty", [&](const toml::table& table) { add_duties(directory, actor, network, table, now); });
    return network;
}

Network find_network(const access::Directory& directory, const std::string& file) {
    const toml::table data = toml::parse_file(file);
    Network network;
    for_each_table(data, "organisation", [&](const toml::table& table) {
        const std::string id = needed(table, "id");
        const auto found = directory.organisation_by_resource("Organization/" + resource_id(id));
        if (!found) return;
        network.organisations[id] = found->id;
        network.resources[id] = found->resource;
        read_card(network, table, id);
    });
    for (const auto& [id, organisation] : network.organisations) {
        const auto doctors = directory.members(organisation, "doctor");
        if (!doctors.empty()) network.doctor_of[id] = doctors.front().person.login;
    }
    return network;
}

}  // namespace qiao::app::demo
