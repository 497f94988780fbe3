#include "base/error.hpp"
#include "record/feed/feed.hpp"
#include "record/store/labels.hpp"
#include "record/store/references.hpp"
#include "record/store/work.hpp"
#include "record/validate/parse.hpp"

#include <algorithm>
#include <chrono>

/// The half of a work that runs on the writer thread.
namespace qiao::record {
namespace {

[[noreturn]] void throw_not_found() { throw Error(ErrorKind::not_found, "record.not_found", "no such resource"); }
[[noreturn]] void throw_stale() { throw Error(ErrorKind::conflict, "record.version_stale", "the resource was changed meanwhile"); }

constexpr int kLanes = 64;
constexpr std::chrono::seconds kConditionsTime{10};  // everybody else waits meanwhile
constexpr std::int64_t kPayloadVersion = 1;

}  // namespace

StoreWork::Current StoreWork::find(storage::Connection& connection, TypeId type, std::string_view id) {
    const StoredId key(id);
    auto rows = connection.query(
        "SELECT r.rid, r.ver, r.state, r.d, r.acl, a.patient_rid, a.org FROM res r LEFT JOIN aclset a ON a.id = r.acl WHERE r.type = ? AND r.id = ?",
        {std::int64_t{number_of(type)}, storage::Blob{key.bytes()}});
    Current current;
    if (!rows.next()) return current;
    current.rid = rows.integer(0);
    current.version = rows.integer(1);
    current.state = static_cast<State>(rows.integer(2));
    current.date = rows.integer(3);
    current.acl = rows.integer(4);
    current.patient_rid = rows.integer(5);
    current.organisation = rows.integer(6);
    return current;
}

bool StoreWork::visible(storage::Connection& connection, Rid rid) {
    if (filter_.scope == ReadFilter::Scope::everything && filter_.labels == kEveryLabel) return true;
    const FilterSql filter(filter_, "r.acl", "r.rid", core_.clock.now());
    std::vector<storage::Value> args{rid};
    filter.append_to(args);
    auto rows = connection.query("SELECT 1 FROM res r WHERE r.rid = ? AND " + filter.condition(), args);
    return rows.next();
}

void StoreWork::verify(storage::Group& group) {
    storage::Connection& connection = group.connection();
    current_.clear();
    rids_.clear();
    changes_.clear();
    const auto until = std::chrono::steady_clock::now() + kConditionsTime;
    skipped_ = std::any_of(skips_.begin(), skips_.end(), [&](const auto& skip) {
        if (std::chrono::steady_clock::now() > until) throw Error(ErrorKind::unavailable, "record.budget", "the conditions of the request take too long");
        return skip(group);
    });
    if (skipped_) return;
    for (const auto& [reference, version] : loaded_) {
        const std::size_t slash = reference.find('/');
        const Current current = find(connection, find_type(std::string_view(reference).substr(0, slash)), std::string_view(reference).substr(slash + 1));
        if (!current.exists() || current.version != version) throw_stale();
    }
    for (const Pending& change : pending_) {
        current_.push_back(change.fresh ? Current{} : find(connection, change.type, change.id));
        verify_one(connection, change, current_.back());
        if (plain_ && core_.ports.keeps_closed) verify_closed(group, change, current_.back());
    }
    for (const auto& check : checks_) check(group);
}

void StoreWork::verify_one(storage::Connection& connection, const Pending& change, const Current& current) {
    if (current.exists()) {
        if (change.operation == 'C') throw Error(ErrorKind::conflict, "record.exists", "a resource with this id exists");
        // Before the version: a caller must not learn whether a foreign resource exists.
        if (!visible(connection, current.rid)) throw_not_found();
    } else if (change.operation == 'D' && filter_.scope != ReadFilter::Scope::everything) {
        throw_not_found();  // the same as for a foreign one
    }
    if (change.expected != 0 && (!current.exists() || current.version != change.expected)) throw_stale();
    if (change.operation != 'D') verify_patient(connection, change, current);
}

/// What a closed resource has around it is neither added to nor taken away by a plain write.
void StoreWork::verify_closed(storage::Group& group, const Pending& change, const Current& current) {
    std::vector<std::string> refers;
    std::copy_if(change.refers.begin(), change.refers.end(), std::back_inserter(refers), [&](const std::string& one) { return !makes(one); });
    if (change.fresh && refers.empty()) return;
    if (current.exists() && current.state == State::live) {
        const DerivedPtr old = before(group.connection(), change, current);
        refers.insert(refers.end(), old->refers.begin(), old->refers.end());
        std::sort(refers.begin(), refers.end());
        refers.erase(std::unique(refers.begin(), refers.end()), refers.end());
    }
    core_.ports.keeps_closed(group.connection(), std::string(type_name(change.type)) + "/" + change.id, refers);
}

/// Whether this work gives "Type/id" an id that nobody knows yet.
bool StoreWork::makes(std::string_view reference) const {
    const auto found = by_reference_.find(reference);
    return found != by_reference_.end() && pending_[found->second].fresh;
}

/// Nobody writes into the record of a patient whom they cannot see. An unknown patient is refused alike, so that the answer
/// tells nothing; callers that see everything may refer to patients who come later.
void StoreWork::verify_patient(storage::Connection& connection, const Pending& change, const Current& current) {
    if (filter_.scope == ReadFilter::Scope::everything || change.type == TypeId::Patient) return;
    for (const Target& target : change.index.follows) {
        if (pending(type_name(target.type), target.id) != nullptr) continue;
        const Current found = find(connection, target.type, target.id);
        if (!found.exists() || !visible(connection, found.rid))
            throw Error(ErrorKind::not_found, "record.target_not_found", "what the resource is about is not known");
    }
    if (!change.index.patient) return;
    const Target& target = *change.index.patient;
    if (pending("Patient", target.id) != nullptr) return;
    const Current patient = find(connection, TypeId::Patient, target.id);
    if (current.exists() && patient.rid != 0 && patient.rid == current.patient_rid) return;
    if (!patient.exists() || !visible(connection, patient.rid)) {
        throw Error(ErrorKind::not_found, "record.patient_not_found", "the patient that the resource is about is not known");
    }
}

Rid rid_or_stub(Core& core, storage::Group& group, const Target& target) {
    const StoredId key(target.id);
    storage::Connection& connection = group.connection();
    const std::int64_t type = number_of(target.type);
    std::string name = std::to_string(type);
    name += '/';
    name += key.bytes();
    if (const auto known = core.rids.find(name); known != core.rids.end()) return known->second;
    if (core.rids.size() >= Core::kRemembered) core.rids.clear();
    Rid rid = 0;
    {
        auto rows = connection.query("SELECT rid FROM res WHERE type = ? AND id = ?", {type, storage::Blob{key.bytes()}});
        if (rows.next()) rid = rows.integer(0);
    }
    if (rid == 0) {
        rid = core.next_rid++;
        connection.post("INSERT INTO res(rid, type, id, ver, t, first_t, state, op, d, acl, body) VALUES(?, ?, ?, 0, ?, 0, 2, 0, ?, 0, NULL)",
                        {rid, type, storage::Blob{key.bytes()}, group.t(), kNoDate});
    }
    group.on_rollback([known = &core.rids] { known->clear(); });
    core.rids.emplace(std::move(name), rid);
    return rid;
}

Rid StoreWork::rid_of(storage::Group& group, const Target& target) {
    if (const auto known = rids_.find(target); known != rids_.end()) return known->second;
    return rids_.emplace(target, rid_or_stub(core_, group, target)).first->second;
}

Rid StoreWork::patient_of(storage::Group& group, const Pending& change) {
    if (change.index.patient) return rid_of(group, *change.index.patient);
    for (const Target& target : change.index.follows) {
        const Pending* written = pending(type_name(target.type), target.id);
        if (written != nullptr && written->index.patient) return rid_of(group, *written->index.patient);
        if (const Current found = find(group.connection(), target.type, target.id); found.patient_rid != 0) return found.patient_rid;
    }
    return 0;
}

std::int64_t StoreWork::acl_of(storage::Group& group, const Pending& change, const Current& current, Rid patient) {
    // The owner is who made it; a later editor of another institution does not take it over.
    std::int64_t owner = current.exists() ? current.organisation : actor_.organisation;
    if (is_open(change.type))
        owner = 0;
    else if (owner == 0)
        owner = kNobody;
    storage::Connection& connection = group.connection();
    const std::int64_t added = current.is_new ? 0 : added_labels(connection, current.rid);
    const std::int64_t id = aclset_of(core_, group, {patient, owner, change.index.labels | added});
    if (change.type == TypeId::Patient && !current.is_new) label_patient(connection, current.rid, change.index.labels);
    return id;
}

/// Of the live version that is there.
DerivedPtr StoreWork::before(storage::Connection& connection, const Pending& change, const Current& current) {
    const LocalParameters& local = *core_.local_parameters.now();
    if (change.base != nullptr && change.base_version == current.version && change.base->index.local_version == local.version()) return change.base;
    auto rows = connection.query("SELECT body FROM res WHERE rid = ?", {current.rid});
    rows.next();
    return core_.derive(rows.text(0), change.type, change.id, local);
}

void StoreWork::apply(storage::Group& group) {
    if (skipped_) return;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        Current& current = current_[i];
        const bool gone = pending_[i].operation == 'D' && !(current.exists() && current.state == State::live);
        if (current.rid == 0 && !gone) {
            current.rid = core_.next_rid++;
            current.is_new = true;
        }
        if (current.rid != 0) rids_.emplace(Target{pending_[i].type, pending_[i].id}, current.rid);
    }
    // Rows first, so that a resource of this work that refers to a later one finds its row and not a stub.
    RowWriter writer(core_, group, [&](const Target& target) { return rid_of(group, target); });
    for (std::size_t i = 0; i < pending_.size(); ++i) write_one(group, writer, i);
    writer.flush();
    std::vector<std::string> texts;
    texts.reserve(changes_.size());
    if (core_.ports.on_write && !changes_.empty()) {
        const std::string updated = format_instant(group.now());
        for (Change& change : changes_) {
            if (change.operation == 'D') continue;
            texts.push_back(spliced(pending(change.type, change.id)->body, {change.id, std::to_string(change.version), updated}));
            change.json = &texts.back();
        }
        core_.ports.on_write(group, actor_, changes_);
        for (Change& change : changes_) change.json = nullptr;
    }
    const RidOf numbers = [&](std::string_view reference) -> Rid {
        const std::size_t slash = reference.find('/');
        const TypeId type = slash == std::string_view::npos ? TypeId::none : find_type(reference.substr(0, slash));
        if (type == TypeId::none) throw_not_found();
        const std::string_view id = reference.substr(slash + 1);
        const auto known = rids_.find(Target{type, std::string(id)});
        if (known != rids_.end()) return known->second;
        const Current current = find(group.connection(), type, id);
        if (!current.exists()) throw_not_found();
        return current.rid;
    };
    for (const auto& rows : rows_) rows(group, numbers);
    if (core_.feed != nullptr && !changes_.empty()) group.on_commit([feed = core_.feed, changes = changes_] { feed->publish(changes); });
}

/// Without what an index job will add when it comes to this resource; `kept` holds them when there are any.
const Rows& StoreWork::without_jobs(const Rows& rows, TypeId type, Rid rid, Rows& kept) const {
    const IndexJobs::List& jobs = core_.index_jobs.now();
    const auto waits = [&](const IndexJob& job) { return job.type == type && job.position < rid; };
    if (std::none_of(jobs.begin(), jobs.end(), waits)) return rows;
    kept = rows;
    keep_parameters(
        kept, [&](ParamId param) { return std::none_of(jobs.begin(), jobs.end(), [&](const IndexJob& job) { return waits(job) && job.param == param; }); });
    kept.compartment = rows.compartment;
    return kept;
}

void StoreWork::write_one(storage::Group& group, RowWriter& writer, std::size_t index) {
    Pending& change = pending_[index];
    const Current& current = current_[index];
    storage::Connection& connection = group.connection();
    const LocalParameters& local = *core_.local_parameters.now();
    // What a search can ask for was changed since the caller's thread made the rows.
    if (change.operation != 'D' && change.index.local_version != local.version()) change.index = core_.index_packed(change.packed, change.type, change.id, local);
    const bool live = current.exists() && current.state == State::live;
    if (change.operation == 'D' && !live) return;  // deleting what is not there is done already
    const std::int64_t t = group.t();
    const std::int64_t version = current.version + 1;
    const std::int64_t type = number_of(change.type);
    const DerivedPtr old = live ? before(connection, change, current) : std::make_shared<const Derived>();
    Rows old_kept;
    Rows new_kept;
    const Rows& old_rows = without_jobs(old->index.rows, change.type, current.rid, old_kept);
    const Rows& new_rows = without_jobs(change.index.rows, change.type, current.rid, new_kept);
    const Place old_place{change.type, current.rid, current.date, current.acl, current.patient_rid};
    if (current.exists()) {
        connection.post("INSERT INTO hist(rid, ver, type, t, op, acl, body) SELECT rid, ver, type, t, op, acl, body FROM res WHERE rid = ?", {current.rid});
    }
    Change done{current.rid, std::string(type_name(change.type)), change.id, version, change.operation, current.patient_rid, nullptr};
    if (change.operation == 'D') {
        writer.remove(old_place, old_rows);
        connection.post("UPDATE res SET ver = ?, t = ?, state = 1, op = 68, body = NULL WHERE rid = ?", {version, t, current.rid});
    } else {
        done.operation = current.exists() ? 'U' : 'C';
        const std::int64_t op = done.operation;
        const Rid patient = patient_of(group, change);
        done.patient = patient;
        const std::int64_t acl = acl_of(group, change, current, patient);
        const Place place{change.type, current.rid, change.index.date, acl, patient};
        if (current.version == 0 && current.state == State::stub) {
            const StoredId key(change.id);
            connection.post(
                "INSERT INTO res(rid, type, id, ver, t, first_t, state, op, d, acl, body) VALUES(?, ?, ?, 1, ?, ?, 0, ?, ?, ?, ?)"
                " ON CONFLICT(rid) DO UPDATE SET ver = 1, t = excluded.t, first_t = excluded.first_t, state = 0, op = excluded.op, d = excluded.d,"
                " acl = excluded.acl, body = excluded.body",
                {current.rid, type, storage::Blob{key.bytes()}, t, t, op, place.date, acl, storage::Blob{change.packed}});
        } else {
            connection.post("UPDATE res SET ver = ?, t = ?, state = 0, op = ?, acl = ?, body = ? WHERE rid = ?",
                            {version, t, op, acl, storage::Blob{change.packed}, current.rid});
            // Alone: an engine writes the index of a column that is set, whether it changes or not.
            if (place.date != current.date) connection.post("UPDATE res SET d = ? WHERE rid = ?", {place.date, current.rid});
        }
        if (live) {
            writer.replace(old_place, old_rows, place, new_rows);
        } else {
            writer.insert(place, new_rows);
        }
    }
    note_date_span(group, change);
    add_outbox(group, writer, done);
    changes_.push_back(std::move(done));
}

void StoreWork::note_date_span(storage::Group& group, const Pending& change) {
    constexpr std::uint16_t kOthers = 0x8000;  // type numbers are small
    const std::int64_t span = change.index.date_span_ms;
    const bool is_other = span == 0 && change.index.date != kNoDate;
    const auto key = static_cast<std::uint16_t>(is_other ? number_of(change.type) | kOthers : number_of(change.type));
    const std::int64_t noted = is_other ? 1 : span;
    const auto known = core_.date_spans.find(key);
    if (noted == 0 || (known != core_.date_spans.end() && known->second >= noted)) return;
    const std::int64_t type = number_of(change.type);
    group.connection().execute(
        "INSERT INTO date_span(type, max_ms, others) VALUES(?, ?, ?) ON CONFLICT(type) DO UPDATE SET max_ms = max(date_span.max_ms, excluded.max_ms),"
        " others = max(date_span.others, excluded.others)",
        {type, span, std::int64_t{is_other}});
    core_.date_spans[key] = noted;
    group.on_rollback([this_core = &core_] { this_core->date_spans.clear(); });
}

void StoreWork::add_outbox(storage::Group& group, RowWriter& writer, const Change& change) {
    const std::int64_t t = group.t();
    if (core_.outbox_t != t) {
        core_.outbox_t = t;
        core_.outbox_n = 0;
    }
    const std::int64_t lane = (change.patient != 0 ? change.patient : change.rid) % kLanes;
    writer.add_outbox({t, ++core_.outbox_n, lane, std::int64_t{0}, change.patient, change.rid, change.version, std::int64_t{change.operation}, kPayloadVersion});
}

}  // namespace qiao::record
