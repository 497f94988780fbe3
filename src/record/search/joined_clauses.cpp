#include "record/search/joined_clauses.hpp"

#include "record/search/either.hpp"

#include <algorithm>

namespace qiao::record {
namespace {

class AllClause : public Clause {
public:
    explicit AllClause(std::vector<ClausePtr> clauses) : clauses_(std::move(clauses)) {}
    void source(Sql& sql) const override {
        sql.add("SELECT w.rid FROM (");
        clauses_.front()->source(sql);
        sql.add(") v CROSS JOIN res w ON w.rid = v.rid WHERE w.state = 0");
        for (std::size_t i = 1; i < clauses_.size(); ++i) {
            sql.add(" AND ");
            clauses_[i]->probe(sql, "w");
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("(");
        for (std::size_t i = 0; i < clauses_.size(); ++i) {
            if (i > 0) sql.add(" AND ");
            clauses_[i]->probe(sql, alias);
        }
        sql.add(")");
    }
    [[nodiscard]] bool can_drive() const override { return clauses_.front()->can_drive(); }
    [[nodiscard]] bool narrows() const override { return clauses_.front()->narrows(); }

private:
    std::vector<ClausePtr> clauses_;
};

class AnyClause : public Clause {
public:
    explicit AnyClause(std::vector<ClausePtr> clauses) : clauses_(std::move(clauses)) {}
    void source(Sql& sql) const override {
        for (std::size_t i = 0; i < clauses_.size(); ++i) {
            sql.add(i > 0 ? " UNION ALL SELECT y.rid FROM (" : "SELECT y.rid FROM (");
            clauses_[i]->source(sql);
            sql.add(") y");
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        Either either(sql);
        for (const ClausePtr& clause : clauses_) {
            either.next();
            clause->probe(sql, alias);
        }
        either.end();
    }
    [[nodiscard]] bool can_drive() const override {
        return std::all_of(clauses_.begin(), clauses_.end(), [](const ClausePtr& clause) { return clause->can_drive(); });
    }
    [[nodiscard]] bool narrows() const override {
        return std::all_of(clauses_.begin(), clauses_.end(), [](const ClausePtr& clause) { return clause->narrows(); });
    }

private:
    std::vector<ClausePtr> clauses_;
};

class NotClause : public Clause {
public:
    explicit NotClause(ClausePtr clause) : clause_(std::move(clause)) {}
    void source(Sql& sql) const override { sql.add("SELECT rid FROM res WHERE 1=0"); }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("NOT ");
        clause_->probe(sql, alias);
    }
    [[nodiscard]] bool can_drive() const override { return false; }

private:
    ClausePtr clause_;
};

}  // namespace

ClausePtr all_of(std::vector<ClausePtr> clauses) { return std::make_unique<AllClause>(std::move(clauses)); }

ClausePtr any_of(std::vector<ClausePtr> clauses) {
    if (clauses.size() == 1) return std::move(clauses.front());
    return std::make_unique<AnyClause>(std::move(clauses));
}

ClausePtr not_clause(ClausePtr clause) { return std::make_unique<NotClause>(std::move(clause)); }

}  // namespace qiao::record
