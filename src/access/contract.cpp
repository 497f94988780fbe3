#include "access/directory_tables.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <set>

namespace qiao::access {
namespace {

constexpr std::int64_t kFee_minor_max = 100'000'000;  // a million of the currency: above it is a slip of the keys
constexpr std::chrono::minutes kDeadline_max{60 * 24 * 90};

bool live_at(const Contract& contract, Instant now) { return contract.valid_from <= now && now < contract.valid_to; }

bool are_sound(const ContractTerms& terms) {
    const bool currency = terms.currency.size() == 3 && std::all_of(terms.currency.begin(), terms.currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return currency && terms.fee_minor >= 0 && terms.fee_minor <= kFee_minor_max &&
           std::all_of(terms.deadlines.begin(), terms.deadlines.end(),
                       [](const auto& one) { return one.second > std::chrono::minutes(0) && one.second <= kDeadline_max; });
}

std::string text_of(const Contract& contract) {
    return "from=" + std::to_string(contract.from_org) + " to=" + std::to_string(contract.to_org) + " service=" + contract.service +
           " fee=" + std::to_string(contract.terms.fee_minor) + contract.terms.currency;
}

}  // namespace

Contract Directory::add_contract(const record::Actor& actor, std::int64_t from_org, std::int64_t to_org, std::string_view service, Instant valid_to,
                                 ContractTerms terms) {
    const Contract contract{0, from_org, to_org, std::string(service), clock_.now(), valid_to, std::move(terms)};
    if (!organisation(from_org) || !organisation(to_org) || from_org == to_org || service.empty() || valid_to <= contract.valid_from ||
        !are_sound(contract.terms)) {
        throw Error(ErrorKind::invalid, "access.bad_contract", "a contract is between two institutions, for a service, and ends after now");
    }
    auto work = begin(actor);
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        directory_rows::end_contracts(group, contract, contract.valid_from);
        directory_rows::insert_contract(group, contract);
        if (audit_) audit_(group, actor, "contract", text_of(contract));
    });
    commit(*work);
    return *this->contract(from_org, to_org, service);
}

void Directory::end_contract(const record::Actor& actor, std::int64_t id) {
    const Instant now = clock_.now();
    const auto all = contracts(0);
    const auto at = std::find_if(all.begin(), all.end(), [&](const Contract& one) { return one.id == id; });
    if (at == all.end()) throw Error(ErrorKind::not_found, "access.no_contract", "no such contract");
    auto work = begin(actor);
    work->also([&](storage::Group& group, const record::Work::RidOf&) {
        directory_rows::end_contract(group, id, now);
        if (audit_) audit_(group, actor, "contract", "ended " + text_of(*at));
    });
    commit(*work);
}

std::optional<Contract> Directory::contract(std::int64_t from_org, std::int64_t to_org, std::string_view service) const {
    const Instant instant = clock_.now();
    const auto now = tables();
    const auto at = std::find_if(now->contracts.rbegin(), now->contracts.rend(), [&](const Contract& one) {
        return one.from_org == from_org && one.to_org == to_org && one.service == service && live_at(one, instant);
    });
    return at == now->contracts.rend() ? std::nullopt : std::optional(*at);
}

bool Directory::has_contract(std::int64_t from_org, std::int64_t to_org, std::string_view service) const {
    return contract(from_org, to_org, service).has_value();
}

std::vector<Contract> Directory::contracts(std::int64_t organisation) const {
    const Instant instant = clock_.now();
    const auto now = tables();
    std::vector<Contract> live;
    for (const Contract& one : now->contracts) {
        if (live_at(one, instant) && (organisation == 0 || one.from_org == organisation || one.to_org == organisation)) live.push_back(one);
    }
    return live;
}

std::vector<Organisation> Directory::partners(std::int64_t from_org, std::string_view service) const {
    return other_sides(service, [&](const Contract& one) { return one.from_org == from_org ? one.to_org : 0; });
}

std::vector<Organisation> Directory::askers(std::int64_t to_org, std::string_view service) const {
    return other_sides(service, [&](const Contract& one) { return one.to_org == to_org ? one.from_org : 0; });
}

std::vector<Organisation> Directory::other_sides(std::string_view service, const std::function<std::int64_t(const Contract&)>& side) const {
    const Instant instant = clock_.now();
    const auto now = tables();
    std::set<std::int64_t> ids;
    for (const auto& one : now->contracts) {
        if (one.service == service && live_at(one, instant)) ids.insert(side(one));
    }
    std::vector<Organisation> all;
    for (const std::int64_t id : ids) {
        const auto at = now->organisations.find(id);
        if (at != now->organisations.end() && at->second.active) all.push_back(at->second);
    }
    std::stable_sort(all.begin(), all.end(), [](const Organisation& a, const Organisation& b) { return a.name < b.name; });
    return all;
}

}  // namespace qiao::access
