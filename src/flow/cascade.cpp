#include "flow/cascade.hpp"

#include "access/role.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "flow/cascade_store.hpp"
#include "flow/flow_store.hpp"
#include "flow/routes.hpp"
#include "jobs/attempt.hpp"

#include <algorithm>

namespace qiao::flow {

namespace {

using json::Value;

constexpr std::chrono::minutes kByDate{1};
constexpr std::chrono::minutes kFuture{2};
constexpr std::string_view kDeath = "death";
constexpr int kTries = 8;  ///< a case would have to be moved this often in a row while a fact is decided on

Error not_found() { return {ErrorKind::not_found, "flow.no_patient", "no such patient"}; }

/// Only those who treat the patient state a death: clinical staff of an institution that has the patient in its care.
void require_in_care(const Ground& ground, const record::Caller& caller, std::string_view patient_id) {
    const auto memberships = ground.directory.memberships(caller.actor.person);
    const bool clinical = std::any_of(memberships.begin(), memberships.end(), [](const access::Membership& one) {
        const access::RoleRights* rights = access::find_role(one.role);
        return rights != nullptr && rights->clinical_staff;
    });
    std::optional<record::Rid> rid;
    {
        const auto reader = ground.record.read(caller.filter);
        const auto stored = reader->read("Patient", patient_id);
        rid = stored && !stored->deleted ? reader->rid_of("Patient", patient_id) : std::nullopt;
    }
    if (!rid) {
        throw not_found();
    }
    const auto reasons = ground.grants.why(caller.filter, *rid);
    if (!clinical || std::none_of(reasons.begin(), reasons.end(), [](const access::Reason& one) { return one.kind == "care"; })) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "who treats the patient states a death");
    }
}

/// What a fact does is decided on a snapshot; when somebody moved one of its cases before the commit, all of it is decided anew.
template <class Decide>
auto decided_anew(const Decide& decide) {
    for (int left = kTries;; --left) {
        try {
            return decide();
        } catch (const Error& error) {
            if (left == 1 || error.code() != "record.version_stale") {
                throw;
            }
        }
    }
}

/// Whether somebody did something with the case after the cascade closed it.
bool moved_since(storage::Connection& connection, const std::string& case_id) {
    bool moved = false;
    for (const MoveRow& row : store::moves_of(connection, case_id)) {
        if (row.action == "cascade_close" && row.machine != "part") {
            moved = false;
        } else if (row.case_role != "system") {
            moved = true;
        }
    }
    return moved;
}

/// Whether the patient denies the record to one of those who saw it by the case before.
bool denied_since(storage::Connection& connection, record::Rid patient, const Value& before, Instant now) {
    const auto& viewers = before["viewers"].items();
    return std::any_of(viewers.begin(), viewers.end(),
                       [&](const Value& one) { return access::Grants::is_denied_to(connection, patient, one["key"].integer().value_or(0), now); });
}

}  // namespace

int Cascades::apply(const record::Actor& actor, std::string_view fact, std::string_view subject, std::int64_t person, const CasesOf& cases_of,
                    const std::function<void(record::Work&)>& with) {
    return decided_anew([&] { return apply_once(actor, fact, subject, person, cases_of, with); });
}

int Cascades::apply_once(const record::Actor& actor, std::string_view fact, std::string_view subject, std::int64_t person, const CasesOf& cases_of,
                         const std::function<void(record::Work&)>& with) {
    const Ground& ground = engine_.ground();
    store::Cascade cascade{new_uuid(ground.clock.now()), std::string(fact), std::string(subject), ground.clock.now(), actor.person, {}};
    std::vector<SystemMove> moves;
    {
        const auto snapshot = ground.database.read();
        for (const std::string& id : cases_of(snapshot->connection())) {
            const std::optional<Case> item = store::find_case(snapshot->connection(), id);
            const std::string_view action = item ? engine_.machine_of(*item).on_fact(ground, fact, *item, person) : std::string_view();
            if (action.empty()) {
                continue;
            }
            const Value before = Value::object({{"state", item->state}, {"viewers", item->notes["viewers"]}});
            cascade.lines.push_back({id, std::string(action), before.dump()});
            moves.push_back({id, std::string(action), Value::object({{"fact", fact}, {"target", subject}, {"cascade", cascade.id}}), item->version});
        }
    }
    if (moves.empty() && !with) {
        return 0;
    }
    return engine_.system_moves(actor, "cascade:" + std::string(fact), moves, [&](record::Work& work) {
        if (with) {
            with(work);
        }
        work.also([&cascade](storage::Group& group, const record::Work::RidOf&) { store::put_cascade(group.connection(), cascade); });
    });
}

int Cascades::death(const record::Caller& caller, std::string_view patient_id, Instant occurred) {
    const Ground& ground = engine_.ground();
    require_in_care(ground, caller, patient_id);
    const std::string reference = "Patient/" + std::string(patient_id);
    const auto cases_of = [&](storage::Connection& connection) { return store::live_cases_of_patient(connection, reference); };
    return apply(caller.actor, kDeath, reference, 0, cases_of, [&](record::Work& work) {
        Value patient = work.load("Patient", patient_id).value();
        if (!patient["deceasedDateTime"].is_null() || patient["deceasedBoolean"].truth()) {
            throw Error(ErrorKind::conflict, "patient.deceased", "the death of this patient is recorded");
        }
        const std::string when = format_instant(occurred);
        if (occurred > ground.clock.now() + kFuture || when.substr(0, 10) < patient["birthDate"].text()) {
            throw Error(ErrorKind::invalid, "patient.bad_death_time", "not in the future and not before the birth",
                        {{"value", "occurred", "when the patient died"}});
        }
        patient.remove("deceasedBoolean");
        patient.set("deceasedDateTime", when);
        work.update(std::move(patient));
    });
}

Undone Cascades::undo_death(const record::Caller& caller, std::string_view patient_id, const std::string& reason) {
    require_in_care(engine_.ground(), caller, patient_id);
    if (reason.empty() || reason.size() > kReason_bytes) {
        throw Error(ErrorKind::invalid, "flow.missing_field", "why the death was not one", {{"required", "reason", "required"}});
    }
    return decided_anew([&] { return undo_death_once(caller, patient_id, reason); });
}

Undone Cascades::undo_death_once(const record::Caller& caller, std::string_view patient_id, const std::string& reason) {
    const Ground& ground = engine_.ground();
    Undone undone;
    std::optional<store::Cascade> cascade;
    std::vector<SystemMove> moves;
    {
        const auto reader = ground.record.read(record::ReadFilter::system("what a wrong death closed"));
        const std::optional<record::Rid> patient = reader->rid_of("Patient", patient_id);
        cascade = store::find_cascade(reader->connection(), kDeath, "Patient/" + std::string(patient_id));
        for (const store::CascadeLine& line : cascade ? cascade->lines : std::vector<store::CascadeLine>{}) {
            const std::optional<Case> item = store::find_case(reader->connection(), line.case_id);
            if (!item) {
                continue;
            }
            Value before = *json::parse(line.before);
            if (item->notes["cascade"].text() != cascade->id || moved_since(reader->connection(), line.case_id)) {
                undone.left.push_back({line.case_id, item->number, "moved"});
            } else if (patient && denied_since(reader->connection(), *patient, before, ground.clock.now())) {
                undone.left.push_back({line.case_id, item->number, "denied"});
            } else {
                moves.push_back(
                    {line.case_id, "restore", Value::object({{"fact", kDeath}, {"cascade", cascade->id}, {"before", std::move(before)}}), item->version});
            }
        }
    }
    undone.restored = engine_.system_moves(caller.actor, reason, moves, [&](record::Work& work) {
        Value patient = work.load("Patient", patient_id).value();
        if (patient["deceasedDateTime"].is_null() && !patient["deceasedBoolean"].truth()) {
            throw Error(ErrorKind::conflict, "patient.not_deceased", "no death of this patient is recorded");
        }
        patient.remove("deceasedDateTime");
        patient.remove("deceasedBoolean");
        work.update(std::move(patient));
        if (cascade) {
            work.also([&](storage::Group& group, const record::Work::RidOf&) {
                store::mark_undone(group.connection(), cascade->id, ground.clock.now(), caller.actor.person);
            });
        }
    });
    look_soon();  // a role, licence or contract of a case that came back may have ended meanwhile
    return undone;
}

int Cascades::tick() {
    const std::int64_t now_us = to_us(engine_.ground().clock.now());
    const std::int64_t since = now_us - swept_us_;
    const bool by_date = since < 0 || since >= std::chrono::duration_cast<std::chrono::microseconds>(kByDate).count();
    if (!soon_.exchange(false) && !by_date) {
        return 0;
    }
    swept_us_ = now_us;
    return sweep();
}

int Cascades::sweep() {
    const Ground& ground = engine_.ground();
    std::vector<store::LivePerson> people;
    std::vector<store::LivePair> pairs;
    {
        const auto snapshot = ground.database.read();
        people = store::live_people(snapshot->connection());
        pairs = store::live_pairs(snapshot->connection());
    }
    const record::Actor actor = record::Actor::system("HOPERAT");
    int moved = 0;
    for (const store::LivePerson& who : people) {
        const std::string_view fact = engine_.machine(who.machine).fact_about(ground, who.person, who.organisation, who.requester);
        if (fact.empty()) {
            continue;
        }
        jobs::attempt("flow.cascade", [&] {
            const auto person = ground.directory.person(who.person);
            moved += apply(actor, fact, person ? person->resource : "", who.person,
                           [&](storage::Connection& connection) { return store::live_cases_of(connection, who); });
        });
    }
    for (const store::LivePair& pair : pairs) {
        if (ground.directory.has_contract(pair.from_org, pair.to_org, engine_.machine(pair.machine).service())) {
            continue;
        }
        jobs::attempt("flow.cascade", [&] {
            const auto from = ground.directory.organisation(pair.from_org);
            moved += apply(actor, "contract_end", from ? from->resource : "", 0,
                           [&](storage::Connection& connection) { return store::live_cases_between(connection, pair); });
        });
    }
    return moved;
}

void add_cascade_routes(http::Router& router, Cascades& cascades, const record::CallerOf& caller_of) {
    router.add(http::Method::post, "/flow/patients/{id}/death", {}, [&cascades, caller_of](const http::Request& request) {
        const record::Caller caller = caller_of(request);
        const Value body = body_object(request, "occurred");
        const auto occurred = parse_instant(body["occurred"].text());
        if (!occurred) {
            throw Error(ErrorKind::invalid, "patient.bad_death_time", "when the patient died", {{"value", "occurred", "an instant with its zone"}});
        }
        return json_answer(Value::object({{"closed", std::int64_t{cascades.death(caller, request.param("id"), *occurred)}}}));
    });
    router.add(http::Method::post, "/flow/patients/{id}/death/undo", {}, [&cascades, caller_of](const http::Request& request) {
        const record::Caller caller = caller_of(request);
        const Value body = body_object(request, "reason");
        const Undone undone = cascades.undo_death(caller, request.param("id"), body["reason"].text());
        Value left = Value::array();
        for (const NotRestored& one : undone.left) {
            left.push(Value::object({{"case", one.case_id}, {"number", one.number}, {"why", one.why}}));
        }
        return json_answer(Value::object({{"restored", std::int64_t{undone.restored}}, {"not_restored", std::move(left)}}));
    });
}

}  // namespace qiao::flow
