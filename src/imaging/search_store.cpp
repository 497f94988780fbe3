#include "imaging/search_store.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "imaging/name_index.hpp"
#include "imaging/transfer_syntax.hpp"
#include "record/extract/fold.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::imaging {
namespace {

enum class Match : std::uint8_t { text, uid, date, time, name, number, modalities, step, procedure, sop_class };

struct Key {
    std::string_view name;  ///< tag, or path of tags
    QueryLevel level;
    Match match;
    std::string_view column;
};

constexpr auto kStudy = QueryLevel::study;
constexpr auto kSeries = QueryLevel::series;
constexpr auto kInstance = QueryLevel::instance;
constexpr Key kKeys[] = {
    {"00080020", kStudy, Match::date, "s.date"},
    {"00080030", kStudy, Match::time, "s.time"},
    {"00080050", kStudy, Match::text, "s.accession"},
    {"00080061", kStudy, Match::modalities, "s.modalities"},
    {"00080090", kStudy, Match::name, "s.referring"},
    {"00081030", kStudy, Match::text, "s.description"},
    {"00100010", kStudy, Match::name, "s.name_norm"},
    {"00100020", kStudy, Match::text, "s.patient_id"},
    {"00100021", kStudy, Match::text, "s.issuer"},
    {"00100030", kStudy, Match::date, "s.birth"},
    {"00100040", kStudy, Match::text, "s.sex"},
    {"0020000D", kStudy, Match::uid, "s.uid"},
    {"00200010", kStudy, Match::text, "s.study_id"},
    {"00080060", kSeries, Match::text, "e.modality"},
    {"0008103E", kSeries, Match::text, "e.description"},
    {"00081010", kSeries, Match::text, "e.station"},
    {"00180015", kSeries, Match::text, "e.body_part"},
    {"0020000E", kSeries, Match::uid, "e.uid"},
    {"00200011", kSeries, Match::number, "e.number"},
    {"00200060", kSeries, Match::text, "e.laterality"},
    {"00400244", kSeries, Match::date, "e.performed_date"},
    {"00400275.00400009", kSeries, Match::step, "e.request_keys"},
    {"00400275.00401001", kSeries, Match::procedure, "e.request_keys"},
    {"00080016", kInstance, Match::sop_class, "c.text"},
    {"00080018", kInstance, Match::uid, "i.uid"},
    {"00200013", kInstance, Match::number, "i.number"},
};

[[noreturn]] void bad_value(std::string_view parameter) {
    throw Error(ErrorKind::invalid, "dicom.bad_value", "the value of " + std::string(parameter) + " cannot be searched for");
}

const Key& key_of(const std::string& name) {
    std::string path;
    for (const auto part : split(name, '.')) {
        const auto tag = tag_by_name(part);
        if (!tag) throw Error(ErrorKind::invalid, "dicom.unknown_key", "unknown attribute " + name);
        path += (path.empty() ? "" : ".") + tag_text(*tag);
    }
    const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == path; });
    if (found == std::end(kKeys)) throw Error(ErrorKind::invalid, "dicom.unknown_key", "studies cannot be searched by " + name);
    return *found;
}

/// Collects conditions and the texts their arguments point at.
class Conditions {
public:
    void add(std::string condition) { sql_ += " AND " + std::move(condition); }
    void add(const std::string& condition, std::string argument) {
        sql_ += " AND " + condition;
        bind(std::move(argument));
    }
    void bind(std::string argument) { order_.emplace_back(texts_.emplace_back(std::move(argument))); }
    void bind(std::int64_t argument) { order_.emplace_back(argument); }
    [[nodiscard]] const std::string& sql() const { return sql_; }
    [[nodiscard]] const std::vector<storage::Value>& args() const { return order_; }

private:
    std::string sql_;
    std::deque<std::string> texts_;
    std::vector<storage::Value> order_;
};

/// DICOM's * and ? for SQLite's GLOB, where a bracket would begin a set.
std::string glob(std::string_view pattern) {
    std::string out;
    for (const char c : pattern) out += c == '[' ? std::string("[[]") : std::string(1, c);
    return out;
}

void match_uids(Conditions& conditions, const Key& key, std::string_view value) {
    std::string places;
    std::string list(value);
    std::replace(list.begin(), list.end(), '\\', ',');
    const auto uids = split(list, ',');
    if (uids.size() > 1'000) bad_value(key.name);
    std::vector<std::string> checked;
    for (const auto uid : uids) {
        if (!is_uid(trim(uid))) bad_value(key.name);
        checked.emplace_back(trim(uid));
        places += places.empty() ? "?" : ",?";
    }
    conditions.add(std::string(key.column) + " IN (" + places + ")");
    for (auto& uid : checked) conditions.bind(std::move(uid));
}

/// `20260101`, `20260101-20260131`, `-20260131`, `20260101-`; times likewise, where an upper end covers all that begins so.
void match_range(Conditions& conditions, const Key& key, std::string_view value) {
    if (value.find_first_not_of("0123456789.-") != std::string_view::npos) bad_value(key.name);
    const auto dash = value.find('-');
    const std::string column(key.column);
    if (dash == std::string_view::npos) {
        if (key.match == Match::date && value.size() != 8) bad_value(key.name);
        if (key.match == Match::time)
            conditions.add("substr(" + column + ", 1, " + std::to_string(value.size()) + ") = ?", std::string(value));
        else
            conditions.add(column + " = ?", std::string(value));
        return;
    }
    const auto from = value.substr(0, dash);
    const auto to = value.substr(dash + 1);
    if ((from.empty() && to.empty()) || to.find('-') != std::string_view::npos) bad_value(key.name);
    if (!from.empty()) conditions.add(column + " >= ?", std::string(from));
    if (!to.empty()) conditions.add(column + " <= ? || '~' AND " + column + " <> ''", std::string(to));
}

/// Grams narrow the studies, GLOB decides. A name without wildcard must be a whole group of components.
void match_name(Conditions& conditions, const Key& key, const std::string& value) {
    std::string pattern;
    std::string piece;
    const auto end_piece = [&] {
        std::string plain = piece;
        std::replace(plain.begin(), plain.end(), '^', ' ');
        std::replace(plain.begin(), plain.end(), '=', ' ');
        pattern += glob(record::fold_text(plain));
        piece.clear();
    };
    for (const char c : value) {
        if (c == '*' || c == '?') {
            end_piece();
            pattern += c;
        } else {
            piece += c;
        }
    }
    end_piece();
    if (key.column != "s.name_norm") {
        conditions.add("lower(' ' || replace(" + std::string(key.column) + ", '^', ' ') || ' ') GLOB ?", "* " + pattern + " *");
        return;
    }
    std::size_t used = 0;
    for (const auto& part : split(pattern, '*')) {
        if (part.find_first_of("?[") != std::string_view::npos) continue;
        for (const auto& gram : grams_of(part))
            if (used++ < 3) conditions.add("s.id IN (SELECT study_id FROM imaging_name_gram WHERE gram = ?)", gram);
    }
    conditions.add("(' ' || s.name_norm || ' ') GLOB ?", "* " + pattern + " *");
}

void match(Conditions& conditions, const Key& key, const std::string& value) {
    const std::string column(key.column);
    switch (key.match) {
        case Match::uid:
        case Match::sop_class: match_uids(conditions, key, value); return;
        case Match::date:
        case Match::time: match_range(conditions, key, value); return;
        case Match::name: match_name(conditions, key, value); return;
        case Match::number: {
            std::int64_t number = 0;
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            if (error != std::errc() || end != value.data() + value.size()) bad_value(key.name);
            conditions.add(column + " = ?");
            conditions.bind(number);
            return;
        }
        case Match::modalities: {
            std::string any = "(1=0";
            const auto wanted = split(value, value.find(',') != std::string::npos ? ',' : '\\');
            for (std::size_t i = 0; i < wanted.size(); ++i) any += " OR instr(s.modalities, ?) > 0";
            conditions.add(any + ")");
            for (const auto modality : wanted) conditions.bind("\\" + std::string(trim(modality)) + "\\");
            return;
        }
        case Match::step: conditions.add("instr(" + column + ", ?) > 0", "\\sps=" + value + "\\"); return;
        case Match::procedure: conditions.add("instr(" + column + ", ?) > 0", "\\rp=" + value + "\\"); return;
        case Match::text: break;
    }
    const bool wild = value.find_first_of("*?") != std::string::npos;
    conditions.add(column + (wild ? " GLOB ?" : " = ?"), wild ? glob(value) : value);
}

constexpr std::string_view kCharset = R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]})";

void put_members(std::string& out, std::string_view members) {
    if (!members.empty()) out += ',';
    out += members;
}

void put_number(std::string& out, std::string_view tag, std::int64_t number) {
    out += ",\"" + std::string(tag) + R"(":{"vr":"IS","Value":[)" + std::to_string(number) + "]}";
}

void put_text(std::string& out, std::string_view tag, std::string_view vr, std::string_view text) {
    out += ",\"" + std::string(tag) + "\":{\"vr\":\"" + std::string(vr) + "\",\"Value\":[" + json_quoted(text) + "]}";
}

void put_study(std::string& out, const storage::Cursor& rows) {
    put_members(out, rows.text(1));
    std::string modalities;
    for (const auto modality : split(rows.text(2), '\\'))
        if (!modality.empty()) modalities += (modalities.empty() ? "" : ",") + json_quoted(modality);
    out += R"(,"00080056":{"vr":"CS","Value":["ONLINE"]},"00080061":{"vr":"CS","Value":[)" + modalities + "]}";
    put_number(out, "00201206", rows.integer(3));
    put_number(out, "00201208", rows.integer(4));
}

/// Columns: study uid, json, modalities, series, instances; series uid, json, instances; instance uid, json, syntax.
void put_row(std::string& out, const StudyQuery& query, const storage::Cursor& rows) {
    out += kCharset;
    const auto study = std::string(rows.text(0));
    std::string url = "/dicomweb/studies/" + study;
    if (query.level == kStudy || query.study_uid.empty())
        put_study(out, rows);
    else
        put_text(out, "0020000D", "UI", study);
    if (query.level != kStudy) {
        url += "/series/" + std::string(rows.text(5));
        if (query.level == kSeries || query.series_uid.empty())
            put_members(out, rows.text(6));
        else
            put_text(out, "0020000E", "UI", rows.text(5));
        put_number(out, "00201209", rows.integer(7));
    }
    if (query.level == kInstance) {
        url += "/instances/" + std::string(rows.text(8));
        put_members(out, rows.text(9));
        put_text(out, "00083002", "UI", rows.text(10));
    }
    put_text(out, "00081190", "UR", url);
    out += '}';
}

std::string sql_of(QueryLevel level) {
    std::string columns = "SELECT s.uid, s.qido_json, s.modalities, s.n_series, s.n_instances";
    std::string tables = " FROM imaging_study s";
    if (level != kStudy) {
        columns += ", e.uid, e.qido_json, e.n_instances";
        tables += " JOIN imaging_series e ON e.study_id = s.id";
    }
    if (level == kInstance) {
        columns += ", i.uid, i.qido_json, x.text";
        tables += " JOIN imaging_instance i ON i.series_id = e.id JOIN imaging_term x ON x.id = i.syntax_id JOIN imaging_term c ON c.id = i.class_id";
    }
    return columns + tables + " WHERE ";
}

std::string order_of(QueryLevel level) {
    if (level == kStudy) return " ORDER BY s.date DESC, s.id DESC";
    if (level == kSeries) return " ORDER BY s.date DESC, s.id DESC, e.number NULLS FIRST, e.id";
    return " ORDER BY s.date DESC, s.id DESC, e.number NULLS FIRST, e.id, i.number NULLS FIRST, i.id";
}

}  // namespace

FoundRows search_studies(InstanceStore& store, const Viewer& viewer, const StudyQuery& query, Instant now) {
    Conditions conditions;
    if (!query.study_uid.empty()) conditions.add("s.uid = ?", query.study_uid);
    if (!query.series_uid.empty()) conditions.add("e.uid = ?", query.series_uid);
    for (const auto& [name, value] : query.matches) {
        const auto& key = key_of(name);
        if (key.level > query.level) throw Error(ErrorKind::invalid, "dicom.unknown_key", "this level cannot be searched by " + name);
        if (!value.empty() && value != "*") match(conditions, key, value);
    }
    const StudyCondition visible(viewer, store.has_record(), now);
    std::vector<storage::Value> args;
    visible.append_to(args);
    args.insert(args.end(), conditions.args().begin(), conditions.args().end());
    args.emplace_back(query.limit + 1);
    args.emplace_back(query.offset);
    const auto snapshot = store.database().read();
    (*snapshot)->set_time_limit(2'000);
    auto rows = (*snapshot)->query(sql_of(query.level) + visible.text() + conditions.sql() + order_of(query.level) + " LIMIT ? OFFSET ?", args);
    FoundRows found;
    found.json = "[";
    while (rows.next()) {
        if (found.rows == query.limit) {
            found.more = true;
            break;
        }
        if (found.rows++ > 0) found.json += ',';
        put_row(found.json, query, rows);
    }
    found.json += ']';
    return found;
}

}  // namespace qiao::imaging
