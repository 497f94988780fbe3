#include "access/organisation.hpp"

#include "access/directory_tables.hpp"

#include <algorithm>
#include <set>

namespace qiao::access {
namespace {

template <class Map, class Key>
auto found(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
    const auto at = map.find(key);
    if (at == map.end()) return std::nullopt;
    return at->second;
}

}  // namespace

Directory::Directory(storage::Database& database, record::Record& record, const Clock& clock, AdminSeparation separation)
    : database_(database), record_(record), clock_(clock), separation_(separation), watch_(database, "directory"), tables_(Tables::load(database)) {}

Directory::~Directory() = default;

std::shared_ptr<const Directory::Tables> Directory::tables() const {
    const std::lock_guard lock(mutex_);
    return tables_;
}

void Directory::reload() {
    // Two changes at once: the later one must not be followed by the earlier one's view.
    {
        const std::lock_guard reading(reload_mutex_);
        auto fresh = Tables::load(database_);
        const std::lock_guard lock(mutex_);
        tables_ = std::move(fresh);
    }
    std::vector<std::function<void()>> listeners;
    {
        const std::lock_guard lock(mutex_);
        listeners = listeners_;
    }
    for (const auto& listener : listeners) listener();
}

void Directory::follow() {
    if (watch_.changed()) reload();
}

void Directory::on_change(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

std::optional<Organisation> Directory::organisation(std::int64_t id) const { return found(tables()->organisations, id); }

std::optional<Organisation> Directory::organisation_by_resource(std::string_view reference) const {
    const auto now = tables();
    const auto id = found(now->organisation_of_resource, std::string(reference));
    return id ? found(now->organisations, *id) : std::nullopt;
}

std::vector<Organisation> Directory::organisations() const {
    std::vector<Organisation> all;
    for (const auto& [id, one] : tables()->organisations) {
        if (one.active) all.push_back(one);
    }
    return all;
}

std::vector<std::int64_t> Directory::subtree(std::int64_t id) const {
    const auto now = tables();
    const auto top = now->organisations.find(id);
    std::vector<std::int64_t> ids;
    if (top == now->organisations.end()) return ids;
    for (const auto& [below, one] : now->organisations) {
        if (one.path.starts_with(top->second.path)) ids.push_back(below);
    }
    return ids;
}

std::optional<Person> Directory::person(std::int64_t id) const { return found(tables()->people, id); }

std::optional<Person> Directory::person_by_login(std::string_view login) const {
    const auto now = tables();
    const auto id = found(now->person_of_login, std::string(login));
    return id ? found(now->people, *id) : std::nullopt;
}

std::optional<Person> Directory::person_by_resource(std::string_view reference) const {
    const auto now = tables();
    const auto id = found(now->person_of_resource, std::string(reference));
    return id ? found(now->people, *id) : std::nullopt;
}

std::vector<Person> Directory::people() const {
    std::vector<Person> all;
    for (const auto& [id, one] : tables()->people) {
        if (one.active) all.push_back(one);
    }
    return all;
}

std::vector<Membership> Directory::memberships(std::int64_t person) const {
    const auto now = tables();
    const Instant instant = clock_.now();
    std::vector<Membership> live;
    const auto of_person = now->memberships_of_person.find(person);
    if (of_person == now->memberships_of_person.end()) return live;
    for (const std::size_t index : of_person->second) {
        if (now->memberships[index].live_at(instant)) live.push_back(now->memberships[index]);
    }
    return live;
}

std::optional<Membership> Directory::membership_of(std::int64_t person, std::int64_t organisation, std::string_view role) const {
    for (auto& one : memberships(person)) {
        if (one.organisation == organisation && one.role == role) return std::move(one);
    }
    return std::nullopt;
}

std::optional<Membership> Directory::membership(std::int64_t id) const {
    const auto now = tables();
    const auto at = std::find_if(now->memberships.begin(), now->memberships.end(), [&](const Membership& one) { return one.id == id; });
    return at != now->memberships.end() && at->live_at(clock_.now()) ? std::optional(*at) : std::nullopt;
}

std::vector<Member> Directory::members(std::int64_t organisation, std::string_view role, std::string_view specialty) const {
    const auto now = tables();
    const Instant instant = clock_.now();
    std::vector<Member> all;
    const auto take = [&](const Membership& one) {
        if (!one.live_at(instant) || (!role.empty() && one.role != role) || (!specialty.empty() && one.specialty != specialty)) return;
        const auto person = now->people.find(one.person);
        if (person != now->people.end() && person->second.active) all.push_back({person->second, one});
    };
    if (organisation == 0) {
        for (const auto& one : now->memberships) take(one);
    } else if (const auto at = now->memberships_at.find(organisation); at != now->memberships_at.end()) {
        for (const std::size_t index : at->second) take(now->memberships[index]);
    }
    std::stable_sort(all.begin(), all.end(), [](const Member& a, const Member& b) { return a.person.name < b.person.name; });
    return all;
}

}  // namespace qiao::access
