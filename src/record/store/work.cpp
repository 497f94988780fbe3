#include "record/store/work.hpp"

#include "base/assert.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "record/store/references.hpp"
#include "record/validate/full.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/validate.hpp"

#include <utility>

namespace qiao::record {
namespace {

std::string reference_of(std::string_view type, std::string_view id) {
    std::string text(type);
    text += '/';
    text += id;
    return text;
}

std::pair<std::string_view, std::string_view> split_reference(std::string_view reference) {
    const std::size_t slash = reference.find('/');
    if (slash == std::string_view::npos) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    return {reference.substr(0, slash), reference.substr(slash + 1)};
}

/// "Patient.name[0]" inside "Bundle.entry[3].resource" is "Bundle.entry[3].resource.name[0]".
std::string placed(const std::string& place, const std::string& expression) {
    if (place.empty()) return expression;
    const std::size_t dot = expression.find('.');
    return dot == std::string::npos ? place : place + expression.substr(dot);
}

/// Shows the pending writes of its work by id; everything else is the snapshot.
class OverlayReader : public Reader {
public:
    OverlayReader(const StoreWork& work, StoreReader& store) : work_(work), store_(store) {}

    std::optional<Stored> read(std::string_view type, std::string_view id) override {
        if (const Pending* change = work_.pending(type, id)) return work_.shown(*change);
        return store_.read(type, id);
    }
    std::optional<Stored> read_version(std::string_view type, std::string_view id, std::int64_t version) override {
        return store_.read_version(type, id, version);
    }
    HistoryPage history(const HistoryAsk& ask) override { return store_.history(ask); }
    SearchResult search_in(const SearchPlace& place, std::string_view query) override { return store_.search_in(place, query); }
    SearchResult everything(const Compartment& what) override { return store_.everything(what); }
    std::optional<Rid> rid_of(std::string_view type, std::string_view id) override { return store_.rid_of(type, id); }
    std::string reference_of(Rid rid) override { return store_.reference_of(rid); }
    storage::Connection& connection() override { return store_.connection(); }
    const RecordShelf& definitions() override { return store_.definitions(); }

private:
    const StoreWork& work_;
    StoreReader& store_;
};

}  // namespace

json::Value Stored::value() const {
    auto parsed = json::parse(json, limits::kJsonDepth + 1);
    if (!parsed) throw Error(ErrorKind::internal, "record.body_damaged", "a stored body is no JSON");
    return std::move(parsed).operator*();
}

Stored Reader::get(std::string_view reference) {
    const auto [type, id] = split_reference(reference);
    auto found = read(type, id);
    if (!found) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    if (found->deleted) throw Error(ErrorKind::not_found, "record.deleted", "the resource was deleted");
    return std::move(*found);
}

Stored Work::load(std::string_view reference) {
    const auto [type, id] = split_reference(reference);
    return load(type, id);
}

StoreReader& StoreWork::store() {
    if (!store_) store_ = std::make_unique<StoreReader>(core_, filter_);
    return *store_;
}

Reader& StoreWork::reader() {
    if (!overlay_) overlay_ = std::make_unique<OverlayReader>(*this, store());
    return *overlay_;
}

const Pending* StoreWork::pending(std::string_view type, std::string_view id) const {
    const auto found = by_reference_.find(reference_of(type, id));
    return found == by_reference_.end() ? nullptr : &pending_[found->second];
}

Stored StoreWork::shown(const Pending& change) const {
    Stored out;
    out.type = std::string(type_name(change.type));
    out.id = change.id;
    out.version = change.base_version + 1;
    out.updated = core_.clock.now();
    out.deleted = change.operation == 'D';
    if (!out.deleted) out.json = spliced(change.body, {out.id, std::to_string(out.version), format_instant(out.updated)});
    return out;
}

Stored StoreWork::load(std::string_view type, std::string_view id) {
    Stored found = reader().get(reference_of(type, id));
    if (pending(type, id) == nullptr) loaded_.emplace(found.reference(), found.version);
    return found;
}

Pending& StoreWork::slot(TypeId type, std::string id, char operation) {
    const std::string reference = reference_of(type_name(type), id);
    const auto found = by_reference_.find(reference);
    if (found != by_reference_.end()) {
        // A second write of the same resource in this work: one version comes out. What was made here stays a create.
        Pending& change = pending_[found->second];
        if (change.operation == 'C' && operation == 'C') throw Error(ErrorKind::conflict, "record.exists", "the resource is created twice");
        if (change.operation != 'C' || operation == 'D') change.operation = operation;
        return change;
    }
    Pending change;
    change.type = type;
    change.id = std::move(id);
    change.operation = operation;
    if (const auto loaded = loaded_.find(reference); loaded != loaded_.end()) change.expected = loaded->second;
    if (operation != 'C') remember_base(change);
    by_reference_.emplace(reference, pending_.size());
    pending_.push_back(std::move(change));
    return pending_.back();
}

void StoreWork::remember_base(Pending& change) {
    const StoredId key(change.id);
    auto rows = store().connection().query("SELECT rid, ver, state, body FROM res WHERE type = ? AND id = ?",
                                           {std::int64_t{number_of(change.type)}, storage::Blob{key.bytes()}});
    if (!rows.next()) return;
    change.base_version = rows.integer(1);
    if (rows.integer(2) != static_cast<std::int64_t>(State::live)) return;
    const auto local = core_.local_parameters.open();
    change.base = core_.recent_versions.find(rows.integer(0), change.base_version);
    if (change.base == nullptr || change.base->index.local_version != local->version())
        change.base = core_.derive(rows.text(3), change.type, change.id, *local);
}

/// What was updated is often updated again.
void StoreWork::keep_derived() {
    if (!plain_) return;  // what others refer to is not known
    for (const Change& change : done_.changes) {
        Pending& written = pending_[by_reference_.at(reference_of(change.type, change.id))];
        if (change.operation != 'U' || written.packed.size() > RecentVersions::kText_bytes) continue;
        core_.recent_versions.keep(change.rid, change.version, std::make_shared<const Derived>(Derived{std::move(written.index), std::move(written.refers)}));
    }
}

/// The text to store of a plain Subscription: its secrets go to rows of their own.
std::string StoreWork::kept_subscription(const std::string& id, std::string_view json) {
    auto kept = core_.ports.keep_subscription(actor_, id, std::string(json));
    rows_.emplace_back([rows = std::move(kept.rows), id, removed = json.empty()](storage::Group& group, const RidOf& rid_of) {
        rows(group, removed ? 0 : rid_of(reference_of("Subscription", id)));
    });
    return std::move(kept.json);
}

/// Level `full` for a write: what is an error there refuses it.
void StoreWork::check_rules(std::string_view json) {
    const auto tree = json::parse(json);
    std::vector<Finding> findings;
    if (tree) check_fully(*tree, {}, core_.clock.now(), store().definitions(), findings);
    std::vector<Issue> issues;
    for (Finding& finding : findings) {
        if (finding.severity != "error") continue;
        finding.issue.expression = placed(place_, finding.issue.expression);
        issues.push_back(std::move(finding.issue));
    }
    if (!issues.empty()) throw Error(ErrorKind::invalid, "record.invalid", "the resource breaks a rule of FHIR R4 or of a profile", std::move(issues));
}

/// A plain SearchParameter defines what the centre can be searched by.
void StoreWork::define_search(const std::string& id, std::string_view json) {
    std::shared_ptr<const LocalParameter> wanted;
    if (!json.empty()) {
        const auto resource = json::parse(json, limits::kJsonDepth);
        if (!resource) throw Error(ErrorKind::invalid, "record.bad_json", resource.error().message);
        wanted = read_local_parameter(*resource);
    }
    rows_.emplace_back([this, wanted, target = Target{TypeId::SearchParameter, id}](storage::Group& group, const RidOf&) {
        const auto known = rids_.find(target);  // none: what is removed was never there
        if (known != rids_.end()) core_.local_parameters.put(group, known->second, wanted, core_.index_jobs);
    });
}

Pending& StoreWork::put(std::string_view json, TypeId type, std::string id, char operation, std::int64_t expected) {
    auto parsed = parse_resource(json);
    if (!parsed) {
        const std::string what = parsed.error().message + " (at byte " + std::to_string(parsed.error().offset) + ")";
        throw Error(ErrorKind::invalid, "record.bad_json", parsed.error().message, {{"structure", place_, what}});
    }
    if (type == TypeId::none) type = parsed->type();
    if (auto issues = validate_structure(parsed->root(), type); !issues.empty()) {
        for (Issue& issue : issues) issue.expression = placed(place_, issue.expression);
        throw Error(ErrorKind::invalid, "record.invalid", "the resource does not follow FHIR R4", std::move(issues));
    }
    QIAO_ASSERT(type != TypeId::none);
    if (plain_ && core_.write_level == WriteLevel::full) check_rules(json);
    if (is_subsetted(parsed->root())) {
        throw Error(
            ErrorKind::invalid, "record.subsetted", "a part of a resource cannot take the place of the whole",
            {{"business-rule", placed(place_, std::string(type_name(type)) + ".meta.tag"), "it is tagged SUBSETTED: it was read with _summary or _elements"}});
    }
    const bool fresh = id.empty() && parsed->id().empty();
    if (id.empty()) id = fresh ? new_uuid(core_.clock.now()) : std::string(parsed->id());
    if (!is_fhir_id(id)) throw Error(ErrorKind::invalid, "record.bad_id", "an id has 1 to 64 of A-Z a-z 0-9 - .");
    std::string kept;
    if (plain_ && type == TypeId::Subscription && core_.ports.keep_subscription) {
        kept = kept_subscription(id, json);
        parsed = parse_resource(kept);
        QIAO_ASSERT(parsed);
    }
    if (plain_ && type == TypeId::SearchParameter) define_search(id, json);
    Indexed index = core_.index(parsed->root(), type, id, *core_.local_parameters.open());
    std::string body = stored_body(*parsed);
    std::string packed = core_.bodies.pack(body);
    Pending& change = slot(type, std::move(id), operation);
    if (expected != 0) change.expected = expected;
    change.index = std::move(index);
    if (plain_) change.refers = references_of(parsed->root());
    change.body = std::move(body);
    change.packed = std::move(packed);
    if (fresh) change.fresh = true;
    return change;
}

std::string StoreWork::create_text(std::string_view json) {
    const std::size_t before = pending_.size();
    put(json, TypeId::none, {}, 'C', 0);
    QIAO_ASSERT(pending_.size() == before + 1);
    return reference_of(type_name(pending_.back().type), pending_.back().id);
}

std::string StoreWork::create(json::Value resource) { return create_text(resource.dump()); }

void create_fresh(Work& work, std::string_view type, std::string_view id, std::string_view json) {
    dynamic_cast<StoreWork&>(work).create_fresh(type, id, json);
}

void StoreWork::create_fresh(std::string_view type, std::string_view id, std::string_view json) {
    put(json, known_type(type), std::string(id), 'C', 0).fresh = true;
}

void StoreWork::update(json::Value resource, std::int64_t expected_version) {
    const std::string id = resource["id"].text();
    const TypeId type = find_type(resource["resourceType"].text());
    if (!is_fhir_id(id)) throw Error(ErrorKind::invalid, "record.bad_id", "an update needs the id of the resource");
    put(resource.dump(), type, id, 'U', expected_version);
}

void StoreWork::update_text(std::string_view type, std::string_view id, std::string_view json, std::int64_t expected_version) {
    if (!is_fhir_id(id)) throw Error(ErrorKind::invalid, "record.bad_id", "an id has 1 to 64 of A-Z a-z 0-9 - .");
    put(json, known_type(type), std::string(id), 'U', expected_version);
}

void StoreWork::remove(std::string_view type, std::string_view id, std::int64_t expected_version) {
    if (!is_fhir_id(id)) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
    if (plain_ && type == "Subscription" && core_.ports.keep_subscription) kept_subscription(std::string(id), {});
    if (plain_ && type == "SearchParameter") define_search(std::string(id), {});
    Pending& change = slot(known_type(type), std::string(id), 'D');
    if (expected_version != 0) change.expected = expected_version;
    change.body.clear();
    change.packed.clear();
    change.index = {};
    change.refers.clear();
}

Commit StoreWork::commit() {
    // No snapshot is held while waiting for the writer.
    overlay_.reset();
    store_.reset();
    Commit out;
    const storage::Writer::Committed done =
        core_.writer.submit({[this](storage::Group& group) { verify(group); }, [this](storage::Group& group) { apply(group); }});
    out.skipped = skipped_;
    out.t = done.t;
    out.now = done.now;
    out.changes = std::move(changes_);
    if (out.skipped) return out;
    done_ = out;
    keep_derived();
    for (const auto& then : after_) then(out);
    return out;
}

Stored StoreWork::written(std::string_view reference) const {
    for (const Change& change : done_.changes) {
        if (reference_of(change.type, change.id) != reference) continue;
        Stored out;
        out.rid = change.rid;
        out.type = change.type;
        out.id = change.id;
        out.version = change.version;
        out.updated = done_.now;
        out.deleted = change.operation == 'D';
        out.patient = change.patient;
        if (!out.deleted) out.json = spliced(pending(change.type, change.id)->body, {out.id, std::to_string(out.version), format_instant(out.updated)});
        return out;
    }
    throw Error(ErrorKind::internal, "record.not_written", "the work did not write this resource");
}

}  // namespace qiao::record
