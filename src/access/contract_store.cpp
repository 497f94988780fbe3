#include "access/directory_tables.hpp"
#include "base/json_value.hpp"

namespace qiao::access {
namespace {

std::string text_of(const ContractTerms& terms) {
    json::Value value = json::Value::object({{"fee_minor", terms.fee_minor}, {"currency", terms.currency}});
    json::Value& deadlines = value.member("deadlines") = json::Value::object();
    for (const auto& [clock, limit] : terms.deadlines) deadlines.set(clock, std::int64_t{limit.count()});
    return value.dump();
}

ContractTerms terms_of(std::string_view text) {
    ContractTerms terms;
    const auto value = json::parse(text);
    if (!value || !value->is_object()) return terms;
    terms.fee_minor = (*value)["fee_minor"].integer().value_or(0);
    if (!(*value)["currency"].text().empty()) terms.currency = (*value)["currency"].text();
    for (const auto& [clock, minutes] : (*value)["deadlines"].members()) terms.deadlines[clock] = std::chrono::minutes(minutes.integer().value_or(0));
    return terms;
}

}  // namespace

void Directory::Tables::load_contracts(storage::Connection& connection) {
    auto rows = connection.query("SELECT id, from_org, to_org, service, valid_from_us, valid_to_us, terms FROM access_contract ORDER BY id");
    while (rows.next()) {
        contracts.push_back({rows.integer(0), rows.integer(1), rows.integer(2), std::string(rows.text(3)), from_us(rows.integer(4)), from_us(rows.integer(5)),
                             terms_of(rows.text(6))});
    }
}

namespace directory_rows {

void end_contracts(storage::Group& group, const Contract& like, Instant now) {
    group.connection().execute("UPDATE access_contract SET valid_to_us = ? WHERE from_org = ? AND to_org = ? AND service = ? AND valid_to_us > ?",
                               {to_us(now), like.from_org, like.to_org, std::string_view(like.service), to_us(now)});
}

void insert_contract(storage::Group& group, const Contract& contract) {
    const std::string terms = text_of(contract.terms);
    group.connection().execute(
        "INSERT INTO access_contract(id, from_org, to_org, service, valid_from_us, valid_to_us, terms) "
        "VALUES((SELECT COALESCE(MAX(id), 0) + 1 FROM access_contract), ?, ?, ?, ?, ?, ?)",
        {contract.from_org, contract.to_org, std::string_view(contract.service), to_us(contract.valid_from), to_us(contract.valid_to),
         std::string_view(terms)});
}

void end_contract(storage::Group& group, std::int64_t contract, Instant now) {
    group.connection().execute("UPDATE access_contract SET valid_to_us = ? WHERE id = ? AND valid_to_us > ?", {to_us(now), contract, to_us(now)});
}

}  // namespace directory_rows
}  // namespace qiao::access
