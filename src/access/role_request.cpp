#include "access/role_request.hpp"

#include "access/role.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::access {
namespace {

constexpr auto kConfirm = std::chrono::minutes(15);

bool has(const std::vector<std::int64_t>& people, std::int64_t person) { return std::find(people.begin(), people.end(), person) != people.end(); }

}  // namespace

Instant RoleRequest::confirm_until() const { return asked + kConfirm; }

std::vector<std::int64_t> RoleRequests::confirmers(std::int64_t asked_by, std::int64_t receiver) const {
    std::vector<std::int64_t> people;
    const auto take = [&](std::string_view role) {
        for (const Member& one : directory_.members(0, role)) {
            if (one.person.id != asked_by && one.person.id != receiver && !has(people, one.person.id)) people.push_back(one.person.id);
        }
    };
    take(role::kSecurityAdmin);
    if (people.empty()) {
        take(role::kSystemAdmin);
        take(role::kAuditAdmin);
    }
    return people;
}

bool RoleRequests::may_confirm(std::int64_t person, const RoleRequest& request) const { return has(confirmers(request.asked_by, request.role.person), person); }

AuditEvent RoleRequests::event_of(const record::Actor& actor, const RoleRequest& request, std::string_view step) const {
    AuditEvent event = audit_.event_of(actor, "role-request");
    event.detail = std::string(step) + " role=" + request.role.role + " person=" + std::to_string(request.role.person) +
                   " organisation=" + std::to_string(request.role.organisation) + " asked_by=" + std::to_string(request.asked_by);
    if (request.membership != 0) event.detail += " membership=" + std::to_string(request.membership);
    if (request.membership != 0 || request.role.labels != 0) event.detail += fmt::format(" opens={}", fmt::join(record::codes_of(request.role.labels), ","));
    return event;
}

RoleRequest RoleRequests::ask(const record::Actor& actor, RoleRequest wanted) {
    const NewMembership& role = wanted.role;
    if (wanted.membership == 0) {
        directory_.require_may_give(role);
    } else {
        directory_.require_may_open(wanted.membership, wanted.before, role.labels);
    }
    for (const RoleRequest& one : open()) {
        if (one.membership == wanted.membership && one.role.person == role.person && one.role.organisation == role.organisation && one.role.role == role.role) {
            throw Error(ErrorKind::conflict, "access.role_requested", "this is asked already and waits for a second administrator");
        }
    }
    wanted.asked_by = actor.person;
    wanted.asked = clock_.now();
    insert(wanted, event_of(actor, wanted, "asked"), confirmers(actor.person, role.person));
    return wanted;
}

RoleRequest RoleRequests::waiting(std::int64_t id) {
    for (RoleRequest& one : open()) {
        if (one.id == id) return std::move(one);
    }
    throw Error(ErrorKind::not_found, "access.no_request", "there is no such request, or its time is over");
}

void RoleRequests::confirm(const record::Actor& actor, std::int64_t id) {
    const RoleRequest request = waiting(id);
    if (actor.person == request.asked_by || actor.person == request.role.person) {
        throw Error(ErrorKind::forbidden, "access.own_request", "another administrator has to confirm");
    }
    if (!may_confirm(actor.person, request)) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    // Over first: two who confirm at once give it once, and a crash in between gives nothing.
    end(request, event_of(actor, request, "confirmed"), "role_confirmed");
    if (request.membership == 0) {
        directory_.add_membership(actor, request.role);
    } else {
        directory_.set_opened_labels(actor, request.membership, request.before, request.role.labels);
    }
}

void RoleRequests::refuse(const record::Actor& actor, std::int64_t id) {
    const RoleRequest request = waiting(id);
    if (actor.person != request.asked_by && !may_confirm(actor.person, request))
        throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    end(request, event_of(actor, request, "refused"), "role_refused");
}

}  // namespace qiao::access
