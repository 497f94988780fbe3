#include "base/error.hpp"
#include "base/id.hpp"
#include "base/limits.hpp"
#include "record/search/everything.hpp"
#include "record/search/search.hpp"
#include "record/store/core.hpp"
#include "record/store/fetch.hpp"
#include "record/store/references.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qiao::record {
namespace {

/// Columns of every statement that yields versions.
enum Column : int { kRid, kVersion, kTime, kState, kBody, kPatient, kType, kId };

}  // namespace

Stored stored_from(Core& core, const storage::Cursor& rows, std::string_view type, std::string id) {
    Stored out;
    out.rid = rows.integer(kRid);
    out.type = std::string(type);
    out.id = std::move(id);
    out.version = rows.integer(kVersion);
    out.updated = from_us(rows.integer(kTime) * 1000);
    out.deleted = rows.integer(kState) == static_cast<std::int64_t>(State::deleted);
    out.patient = rows.integer(kPatient);
    if (out.deleted) return out;
    thread_local std::string body;
    core.unpack(rows.text(kBody), body);
    char version[24];
    const auto end = std::to_chars(version, version + sizeof version, out.version);
    const std::string updated = format_instant(out.updated);
    out.json.reserve(body.size() + out.id.size() + 100);
    append_spliced(out.json, body, {out.id, {version, static_cast<std::size_t>(end.ptr - version)}, updated});
    return out;
}

TypeId known_type(std::string_view name) {
    const TypeId type = find_type(name);
    if (type == TypeId::none) throw Error(ErrorKind::not_found, "record.unknown_type", "no such resource type");
    return type;
}

void Core::unpack(std::string_view packed, std::string& out) {
    if (bodies.is_unknown(packed)) bodies.load(database.read()->connection());
    bodies.unpack(packed, out);
}

ParsedResource Core::parse_packed(std::string_view packed, std::string& text) {
    unpack(packed, text);
    auto parsed = parse_resource(text, limits::kBundleBody_bytes);
    if (!parsed) throw Error(ErrorKind::internal, "record.body_damaged", "a stored body is no JSON");
    return *std::move(parsed);
}

DerivedPtr Core::derive(std::string_view packed, TypeId type, std::string_view id, const LocalParameters& local) {
    std::string text;
    const ParsedResource parsed = parse_packed(packed, text);
    return std::make_shared<const Derived>(Derived{index(parsed.root(), type, id, local), references_of(parsed.root())});
}

Indexed Core::index_packed(std::string_view packed, TypeId type, std::string_view id, const LocalParameters& local) {
    std::string text;
    return index(parse_packed(packed, text).root(), type, id, local);
}

StoreReader::StoreReader(Core& core, const ReadFilter& filter)
    : core_(core),
      filter_(filter),
      now_(core.clock.now()),
      visible_(filter_, "r.acl", "r.rid", now_),
      index_jobs_(core.index_jobs.open()),
      local_parameters_(core.local_parameters.open()),
      snapshot_(core.database.read()),
      connection_(&snapshot_->connection()) {}

StoreReader::StoreReader(Core& core, const ReadFilter& filter, storage::Connection& connection)
    : core_(core),
      filter_(filter),
      now_(core.clock.now()),
      visible_(filter_, "r.acl", "r.rid", now_),
      index_jobs_(core.index_jobs.open()),
      local_parameters_(core.local_parameters.open()),
      connection_(&connection) {}

bool StoreReader::is_indexed(TypeId type, ParamId param) const {
    return std::none_of(index_jobs_->begin(), index_jobs_->end(), [&](const IndexJob& job) { return job.type == type && job.param == param; });
}

const LocalParameter* StoreReader::find_local(TypeId type, std::string_view code) {
    const LocalParameter* found = local_parameters_->find(type, code);
    if (found != nullptr) {
        auto rows = connection().query("SELECT 1 FROM local_parameter WHERE param = ?", {std::int64_t{number_of(found->number)}});
        if (rows.next()) return found;
    }
    // Another definition, or one of another node, may be in the snapshot.
    if (local_parameters_read_ || (found == nullptr && !core_.database.shared())) return nullptr;
    earlier_.push_back(local_parameters_);
    local_parameters_ = LocalParameters::load(connection());
    local_parameters_read_ = true;
    return local_parameters_->find(type, code);
}

void StoreReader::require_ready(TypeId type, const LocalParameter& parameter) {
    std::int64_t position = 0;
    {
        auto rows = connection().query("SELECT position FROM index_job WHERE type = ? AND param = ?",
                                       {std::int64_t{number_of(type)}, std::int64_t{number_of(parameter.number)}});
        if (!rows.next()) return;
        position = rows.integer(0);
    }
    auto rows = connection().query("SELECT max(rid) FROM res");
    const std::int64_t all = rows.next() ? std::max<std::int64_t>(1, rows.integer(0)) : 1;
    throw Error(ErrorKind::invalid, "record.parameter_not_ready", "the index of a search parameter is being made",
                {{"incomplete", "http." + parameter.code,
                  fmt::format("\"{}\" of {} can be searched by when its index is complete; {} % of the resources are in it", parameter.code, type_name(type),
                              std::clamp<std::int64_t>(position * 100 / all, 0, 99))}});
}

const TypeParameter* StoreReader::parameter(TypeId type, std::string_view code) {
    if (const TypeParameter* official = find_parameter(type, code)) return official;
    const LocalParameter* found = find_local(type, code);
    if (found == nullptr) return nullptr;
    require_ready(type, *found);
    return &found->how;
}

const Parameter* StoreReader::definition(ParamId param) const {
    if (!is_local(param)) return find_parameter(param);
    const LocalParameter* found = local_parameters_->find(param);
    return found == nullptr ? nullptr : &found->parameter;
}

std::vector<ParamId> StoreReader::reference_parameters(TypeId type) const {
    std::vector<ParamId> found;
    for (const TypeParameter& how : parameters_of(type)) {
        if (find_parameter(how.id)->kind == ParamKind::reference) found.push_back(how.id);
    }
    for (const LocalParameterPtr& one : local_parameters_->of(type)) {
        if (one->kind == ParamKind::reference) found.push_back(one->number);
    }
    return found;
}

const std::string& StoreReader::read_sql() {
    if (read_sql_.empty()) {
        read_sql_ =
            "SELECT r.rid, r.ver, x.ts_ms, r.state, r.body, a.patient_rid FROM res r CROSS JOIN aclset a ON a.id = r.acl"
            " CROSS JOIN tx x ON x.t = r.t WHERE r.type = ? AND r.id = ? AND r.state <> 2 AND ";
        read_sql_ += visible_.condition();
    }
    return read_sql_;
}

std::optional<Stored> StoreReader::read(std::string_view type, std::string_view id) {
    const TypeId number = find_type(type);
    if (number == TypeId::none || !is_fhir_id(id)) return std::nullopt;
    const StoredId key(id);
    std::vector<storage::Value> args{std::int64_t{number_of(number)}, storage::Blob{key.bytes()}};
    visible_.append_to(args);
    auto rows = connection().query(read_sql(), args);
    if (!rows.next()) return std::nullopt;
    return stored_from(core_, rows, type, std::string(id));
}

std::string few_numbers(std::span<const Rid> rids, std::vector<storage::Value>& args) {
    std::size_t size = 1;
    while (size < rids.size()) size *= 2;
    std::string text = " IN (?";
    for (std::size_t i = 0; i < size; ++i) {
        if (i > 0) text += ",?";
        args.emplace_back(rids[std::min(i, rids.size() - 1)]);
    }
    return text + ")";
}

std::vector<Stored> fetch_all(StoreReader& reader, std::span<const Rid> rids) {
    std::vector<Stored> found;
    std::vector<Stored> ordered;
    for (; !rids.empty(); rids = rids.subspan(std::min(rids.size(), kFetchedAtOnce))) {
        const auto some = rids.first(std::min(rids.size(), kFetchedAtOnce));
        std::vector<storage::Value> args;
        const std::string sql =
            "SELECT r.rid, r.ver, x.ts_ms, r.state, r.body, a.patient_rid, r.type, r.id FROM res r CROSS JOIN aclset a ON a.id = r.acl"
            " CROSS JOIN tx x ON x.t = r.t WHERE r.rid" +
            few_numbers(some, args);
        found.clear();
        auto rows = reader.connection().query(sql, args);
        while (rows.next()) {
            const TypeId type = type_of_number(static_cast<std::uint32_t>(rows.integer(kType)));
            found.push_back(stored_from(reader.core(), rows, type_name(type), id_text(rows.text(kId))));
        }
        for (const Rid rid : some) {
            const auto one = std::find_if(found.begin(), found.end(), [&](const Stored& stored) { return stored.rid == rid; });
            if (one == found.end()) throw Error(ErrorKind::internal, "record.index_damaged", "an index row has no resource");
            ordered.push_back(std::move(*one));
        }
    }
    return ordered;
}

Stored StoreReader::fetch(Rid rid) { return std::move(fetch_all(*this, {&rid, 1}).front()); }

Stored StoreReader::fetch_version(Rid rid, std::int64_t version) {
    auto rows = connection().query(
        "SELECT h.rid, h.ver, x.ts_ms, CASE h.op WHEN 68 THEN 1 ELSE 0 END, h.body, a.patient_rid, r.type, r.id FROM hist h"
        " CROSS JOIN res r ON r.rid = h.rid CROSS JOIN aclset a ON a.id = h.acl CROSS JOIN tx x ON x.t = h.t WHERE h.rid = ? AND h.ver = ?",
        {rid, version});
    if (!rows.next()) throw Error(ErrorKind::internal, "record.index_damaged", "a version is not there");
    return stored_from(core_, rows, type_name(type_of_number(static_cast<std::uint32_t>(rows.integer(kType)))), id_text(rows.text(kId)));
}

std::optional<Stored> StoreReader::read_version(std::string_view type, std::string_view id, std::int64_t version) {
    auto newest = read(type, id);
    if (!newest || newest->version == version) return newest;
    const FilterSql old_visible(filter_, "h.acl", "h.rid", now_);
    const std::string sql =
        "SELECT h.rid, h.ver, x.ts_ms, CASE h.op WHEN 68 THEN 1 ELSE 0 END, h.body, a.patient_rid FROM hist h"
        " CROSS JOIN aclset a ON a.id = h.acl CROSS JOIN tx x ON x.t = h.t WHERE h.rid = ? AND h.ver = ? AND " +
        old_visible.condition();
    std::vector<storage::Value> args{newest->rid, version};
    old_visible.append_to(args);
    auto rows = connection().query(sql, args);
    if (!rows.next()) return std::nullopt;
    return stored_from(core_, rows, type, std::string(id));
}

SearchResult StoreReader::search_in(const SearchPlace& place, std::string_view query) { return run_search(*this, place, query); }

SearchResult StoreReader::everything(const Compartment& what) { return read_everything(*this, what); }

std::string StoreReader::reference_of(Rid rid) {
    std::vector<storage::Value> args{rid};
    visible_.append_to(args);
    auto rows = connection().query("SELECT r.type, r.id FROM res r WHERE r.rid = ? AND " + visible_.condition(), args);
    if (!rows.next()) return {};
    return std::string(type_name(type_of_number(static_cast<std::uint32_t>(rows.integer(0))))) + "/" + id_text(rows.text(1));
}

std::optional<Rid> StoreReader::rid_of(std::string_view type, std::string_view id) {
    const TypeId number = find_type(type);
    if (number == TypeId::none || !is_fhir_id(id)) return std::nullopt;
    const StoredId key(id);
    std::vector<storage::Value> args{std::int64_t{number_of(number)}, storage::Blob{key.bytes()}};
    visible_.append_to(args);
    auto rows = connection().query("SELECT r.rid FROM res r WHERE r.type = ? AND r.id = ? AND r.state <> 2 AND " + visible_.condition(), args);
    if (!rows.next()) return std::nullopt;
    return rows.integer(0);
}

}  // namespace qiao::record
