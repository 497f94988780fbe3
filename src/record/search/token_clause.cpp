#include "base/error.hpp"
#include "record/definitions/contacts.hpp"
#include "record/extract/fold.hpp"
#include "record/search/clause.hpp"
#include "record/search/either.hpp"
#include "record/search/terminology_clause.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

/// Rows of `tok` with one of some hashes. Since `res.d` is part of the key, a probe is one lookup.
class TokenClause : public Clause {
public:
    TokenClause(TypeId type, ParamId param, std::vector<std::int64_t> hashes, bool negated)
        : type_(number_of(type)), param_(number_of(param)), asked_(hashes), hashes_(std::move(hashes)), negated_(negated) {}

    void source(Sql& sql) const override {
        sql.add("SELECT rid, d, acl FROM tok WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND h");
        one_of(sql);
    }
    void probe(Sql& sql, std::string_view alias) const override {
        if (hashes_.empty()) {
            sql.add(negated_ ? "1=1" : "1=0");
            return;
        }
        if (negated_) sql.add("NOT ");
        sql.add("EXISTS (SELECT 1 FROM tok p WHERE p.type = ").bind(type_).add(" AND p.param = ").bind(param_).add(" AND p.h");
        one_of(sql);
        sql.add(fmt::format(" AND p.d = {0}.d AND p.rid = {0}.rid)", alias));
    }
    [[nodiscard]] bool can_drive() const override { return !negated_; }
    [[nodiscard]] bool carries() const override { return hashes_.size() == 1 && !many_; }
    void is_whole_system() { whole_system_ = true; }
    [[nodiscard]] std::int64_t compartment_key() const override {
        const ParamId param{static_cast<std::uint16_t>(param_)};
        if (whole_system_ || negated_ || asked_.size() != 1 || is_local(param)) return 0;
        const std::string_view code = find_parameter(param)->code;
        if (code != "code" && code != "category" && code != "status") return 0;
        return TokenHash::in_compartment(param, asked_.front());
    }

    /// Replaces codes and systems that stand alone by the hashes of both, as they have been met.
    void find_wholes(storage::Connection& connection, const std::vector<std::int64_t>& parts) {
        constexpr std::int64_t kFew = 100;
        for (const std::int64_t part : parts) {
            std::erase(hashes_, part);
            // By itself it is that of values without a system.
            auto rows = connection.query(
                "SELECT h FROM (SELECT h FROM tok WHERE type = ? AND param = ? AND h = ? LIMIT 1) own"
                " UNION ALL SELECT whole FROM (SELECT whole FROM index_part WHERE type = ? AND param = ? AND part = ? LIMIT ?) met",
                {type_, param_, part, type_, param_, part, kFew + 1});
            while (rows.next()) hashes_.push_back(rows.integer(0));
        }
        std::sort(hashes_.begin(), hashes_.end());
        hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
        many_ = static_cast<std::int64_t>(hashes_.size()) > kFew;
    }

private:
    /// Behind "h".
    void one_of(Sql& sql) const {
        if (!many_) return void(sql.in(hashes_));
        sql.add(" IN (SELECT whole FROM index_part WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND part").in(asked_);
        sql.add(" UNION ALL SELECT CAST(value AS INTEGER) FROM json_each(").bind(fmt::format("[{}]", fmt::join(asked_, ","))).add("))");
    }

    std::int64_t type_;
    std::int64_t param_;
    std::vector<std::int64_t> asked_;
    std::vector<std::int64_t> hashes_;  ///< as `tok` has them
    bool negated_;
    bool many_ = false;          ///< hashes_ may not be all
    bool whole_system_ = false;  ///< `pat` has no rows of these
};

}  // namespace

bool append_hashes(const Named& named, const TokenHash& hash, std::string_view text, std::vector<std::int64_t>& hashes) {
    const auto pieces = split_escaped(text, '|');
    if (pieces.size() > 2) throw_bad_value(named.definition.code, "has more than one |");
    if (pieces.size() == 1) {
        const std::string code = unescape(pieces[0]);
        if (code.empty()) throw_bad_value(named.definition.code, "has an empty value");
        hashes.push_back(hash.code_only(code));
        if (!is_contact(named.how)) return true;
        for (const std::string_view system : kContactSystems) hashes.push_back(hash.coded(system, code));
        return false;
    }
    const std::string system = unescape(pieces[0]);
    const std::string code = unescape(pieces[1]);
    if (system.empty() && code.empty()) throw_bad_value(named.definition.code, "has neither system nor code");
    const TypeParameter& how = named.how;
    if (code.empty()) {
        hashes.push_back(hash.system_only(system));
    } else if (system.empty()) {
        hashes.push_back(how.no_system_row || how.system_row ? hash.without_system(code) : hash.code_only(code));
    } else {
        append_coded(named, hash, system, code, hashes);
    }
    return code.empty();
}

void append_coded(const Named& named, const TokenHash& hash, std::string_view system, std::string_view code, std::vector<std::int64_t>& hashes) {
    const TypeParameter& how = named.how;
    if (how.system_row) hashes.push_back(hash.coded(system, code));
    const bool implied = how.implicit_system.empty() ? !how.system_row : how.implicit_system == system;
    if (implied) hashes.push_back(hash.code_only(code));
}

ClausePtr make_token_clause(const SearchContext& context, const Named& named) {
    const TokenHash hash = context.hash();
    std::vector<std::int64_t> hashes;
    if (named.modifier == "text") {
        if (!named.how.has_text) throw_bad_modifier(named.definition.code, named.modifier);
        return make_string_clause(context, named);
    }
    if (named.modifier == "of-type") {
        if (!named.how.has_identifier_type) throw_bad_modifier(named.definition.code, named.modifier);
        for (const std::string_view value : named.values) {
            const auto pieces = split_escaped(value, '|');
            if (pieces.size() != 3) throw_bad_value(named.definition.code, "wants system|type|value");
            hashes.push_back(hash.of_type(unescape(pieces[0]), unescape(pieces[1]), unescape(pieces[2])));
        }
        return std::make_unique<TokenClause>(named.type, named.how.id, std::move(hashes), false);
    }
    const std::string_view modifier = named.modifier;
    if (modifier == "in" || modifier == "not-in" || modifier == "above" || modifier == "below") {
        return std::make_unique<TokenClause>(named.type, named.how.id, terminology_hashes(context, named), modifier == "not-in");
    }
    if (!named.modifier.empty() && named.modifier != "not") throw_bad_modifier(named.definition.code, named.modifier);
    std::vector<std::int64_t> parts;
    for (const std::string_view value : named.values) {
        if (append_hashes(named, hash, value, hashes)) parts.push_back(hashes.back());
    }
    auto clause = std::make_unique<TokenClause>(named.type, named.how.id, std::move(hashes), named.modifier == "not");
    if (named.values.front().ends_with('|')) clause->is_whole_system();
    if (!parts.empty() && has_token_parts(named.how)) clause->find_wholes(context.reader.connection(), parts);
    return clause;
}

namespace {

struct TextTest {
    enum class Kind : std::uint8_t { starts, exact, contains } kind;
    std::vector<std::string> texts;  ///< any of these: spellings of one value, so that a statement has no more parts than values
};

/// Rows of `str` that match one of some texts.
class StringClause : public Clause {
public:
    StringClause(TypeId type, ParamId param, std::vector<TextTest> tests) : type_(number_of(type)), param_(number_of(param)), tests_(std::move(tests)) {}

    void source(Sql& sql) const override {
        bool first = true;
        for (const TextTest& test : tests_) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            sql.add("SELECT rid FROM str WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND ");
            condition(sql, test, "");
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("EXISTS (SELECT 1 FROM str p").add(indexed_by("str_by_rid")).add(fmt::format("WHERE p.rid = {}.rid AND p.param = ", alias)).bind(param_);
        sql.add(" AND p.type = ").bind(type_).add(" AND (");
        Either either(sql);
        for (const TextTest& test : tests_) {
            either.next();
            condition(sql, test, "p.");
        }
        either.end();
        sql.add("))");
    }

    [[nodiscard]] bool narrows() const override {
        return std::none_of(tests_.begin(), tests_.end(), [](const TextTest& test) { return test.kind == TextTest::Kind::contains; });
    }

private:
    static void condition(Sql& sql, const TextTest& test, std::string_view prefix) {
        sql.add("(");
        for (std::size_t i = 0; i < test.texts.size(); ++i) {
            if (i > 0) sql.add(" OR ");
            compare(sql, test.kind, test.texts[i], prefix);
        }
        sql.add(")");
    }
    static void compare(Sql& sql, TextTest::Kind kind, const std::string& text, std::string_view prefix) {
        switch (kind) {
            case TextTest::Kind::starts:
                sql.add(fmt::format("({0}norm >= ", prefix)).bind(text).add(fmt::format(" AND {0}norm < ", prefix)).bind(after_prefix(text)).add(")");
                break;
            case TextTest::Kind::exact:
                sql.add(fmt::format("({0}norm = ", prefix)).bind(std::string(index_text(fold_text(text))));
                sql.add(fmt::format(" AND {0}exact = ", prefix)).bind(std::string(index_text(text))).add(")");
                break;
            case TextTest::Kind::contains: sql.add(fmt::format("(instr({0}norm, ", prefix)).bind(text).add(") > 0)"); break;
        }
    }

    std::int64_t type_;
    std::int64_t param_;
    std::vector<TextTest> tests_;
};

class UriClause : public Clause {
public:
    UriClause(TypeId type, ParamId param, std::vector<std::string> values, bool below)
        : type_(number_of(type)), param_(number_of(param)), values_(std::move(values)), below_(below) {}

    void source(Sql& sql) const override {
        bool first = true;
        for (const std::string& value : values_) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            sql.add("SELECT rid FROM uri WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND ");
            condition(sql, value, "");
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("EXISTS (SELECT 1 FROM uri p").add(indexed_by("uri_by_rid")).add(fmt::format("WHERE p.rid = {}.rid AND p.param = ", alias)).bind(param_);
        sql.add(" AND p.type = ").bind(type_).add(" AND (");
        Either either(sql);
        for (const std::string& value : values_) {
            either.next();
            condition(sql, value, "p.");
        }
        either.end();
        sql.add("))");
    }

    [[nodiscard]] bool can_drive() const override { return values_.size() <= kUnionTerms; }

private:
    void condition(Sql& sql, const std::string& value, std::string_view prefix) const {
        sql.add(fmt::format("({}v = ", prefix)).bind(value);
        if (below_) {
            const std::string under = value.ends_with('/') ? value : value + "/";
            sql.add(fmt::format(" OR ({}v >= ", prefix)).bind(under).add(fmt::format(" AND {}v < ", prefix)).bind(after_prefix(under)).add(")");
        }
        sql.add(")");
    }

    std::int64_t type_;
    std::int64_t param_;
    std::vector<std::string> values_;
    bool below_;
};

/// "http://a/b/c" is under "http://a/b/", "http://a/b", "http://a/", "http://a". A URL has at most 50 of them here.
void append_parents(std::vector<std::string>& values) {
    std::string url = values.back();
    const std::size_t scheme = url.find("://");
    const std::size_t first = scheme == std::string::npos ? 0 : scheme + 3;
    constexpr int kParents = 50;
    for (int i = 0; i < kParents; ++i) {
        const std::size_t slash = url.rfind('/');
        if (slash == std::string::npos || slash < first) return;
        if (slash + 1 < url.size()) values.push_back(url.substr(0, slash + 1));
        url.resize(slash);
        values.push_back(url);
    }
}

}  // namespace

namespace {

bool has_latin(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

/// Pinyin as it is stored, of values that folding alone does not bring there: signs and sounds in one ("张wei"), and ü, which is
/// stored as the keyboards write it ("lv").
std::vector<std::string> sounds_of(const std::string& text) {
    std::vector<std::string> sounds;
    if (has_latin(text) && has_han(text)) sounds.push_back(to_pinyin(text, true).full);
    const std::string keyed = umlauts_as_v(text);
    if (keyed != text) sounds.push_back(compact(fold_text(keyed)));
    return sounds;
}

}  // namespace

ClausePtr make_string_clause(const SearchContext& /*context*/, const Named& named) {
    auto kind = TextTest::Kind::starts;
    if (named.modifier == "exact")
        kind = TextTest::Kind::exact;
    else if (named.modifier == "contains")
        kind = TextTest::Kind::contains;
    else if (!named.modifier.empty() && named.modifier != "text")
        throw_bad_modifier(named.definition.code, named.modifier);
    std::vector<TextTest> tests;
    for (const std::string_view value : named.values) {
        const std::string text = unescape(value);
        if (kind == TextTest::Kind::exact) {
            if (text.empty()) throw_bad_value(named.definition.code, "has an empty value");
            tests.push_back({kind, {text}});
            continue;
        }
        const std::string folded = fold_text(text);
        if (folded.empty()) throw_bad_value(named.definition.code, "has an empty value");
        std::vector<std::string> texts{std::string(index_text(folded))};
        // "wang wei" is stored as the pinyin "wangwei".
        const std::string squeezed = compact(folded);
        if (squeezed != folded && !squeezed.empty()) texts.emplace_back(index_text(squeezed));
        for (const std::string& sound : sounds_of(text)) texts.emplace_back(index_text(sound));
        tests.push_back({kind, std::move(texts)});
    }
    return std::make_unique<StringClause>(named.type, named.how.id, std::move(tests));
}

ClausePtr make_uri_clause(const SearchContext& /*context*/, const Named& named) {
    if (!named.modifier.empty() && named.modifier != "below" && named.modifier != "above") throw_bad_modifier(named.definition.code, named.modifier);
    std::vector<std::string> values;
    for (const std::string_view value : named.values) {
        values.emplace_back(index_text(unescape(value)));
        if (values.back().empty()) throw_bad_value(named.definition.code, "has an empty value");
        if (named.modifier == "above") append_parents(values);
    }
    return std::make_unique<UriClause>(named.type, named.how.id, std::move(values), named.modifier == "below");
}

}  // namespace qiao::record
