#include "access/patient_request.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace qiao::access {
namespace {

constexpr int kListed = 500;

std::string number_of(Instant now, std::int64_t id) {
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(now)};
    return fmt::format("P-{:04}{:02}{:02}-{:04}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), id);
}

}  // namespace

std::vector<PatientRequest> PatientRequests::read_all(std::string_view condition, std::int64_t value) {
    const std::string sql = fmt::format(
        "SELECT id, number, account, patient, patient_ref, kind, item, text, state, outcome, answer, created_us, due_us, officer, taken_us, answered_us "
        "FROM access_patient_request WHERE {} ORDER BY state = 'answered', id DESC LIMIT {}",
        condition, kListed);
    std::vector<PatientRequest> list;
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query(sql, {value});
    while (rows.next()) {
        list.push_back({.id = rows.integer(0),
                        .number = std::string(rows.text(1)),
                        .account = rows.integer(2),
                        .rid = rows.integer(3),
                        .patient = std::string(rows.text(4)),
                        .kind = std::string(rows.text(5)),
                        .item = std::string(rows.text(6)),
                        .text = std::string(rows.text(7)),
                        .state = std::string(rows.text(8)),
                        .outcome = std::string(rows.text(9)),
                        .answer = std::string(rows.text(10)),
                        .created = from_us(rows.integer(11)),
                        .due = from_us(rows.integer(12)),
                        .officer = rows.integer(13),
                        .taken = from_us(rows.integer(14)),
                        .answered = from_us(rows.integer(15))});
    }
    return list;
}

std::int64_t PatientRequests::insert(storage::Group& group, PatientRequest& request) {
    std::int64_t id = 1;
    {
        auto rows = group.connection().query("SELECT COALESCE(MAX(id), 0) + 1 FROM access_patient_request");
        if (rows.next()) id = rows.integer(0);
    }
    request.number = number_of(request.created, id);
    group.connection().execute(
        "INSERT INTO access_patient_request(id, number, account, patient, patient_ref, kind, item, text, state, outcome, answer, created_us, due_us, officer, "
        "taken_us, answered_us) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, 0, 0, 0)",
        {id, std::string_view(request.number), request.account, request.rid, std::string_view(request.patient), std::string_view(request.kind),
         std::string_view(request.item), std::string_view(request.text), std::string_view(request.state), to_us(request.created), to_us(request.due)});
    return id;
}

std::int64_t PatientRequests::count_open(storage::Group& group, std::int64_t account) {
    auto rows = group.connection().query("SELECT COUNT(*) FROM access_patient_request WHERE account = ? AND state <> 'answered'", {account});
    return rows.next() ? rows.integer(0) : 0;
}

void PatientRequests::change(storage::Group& group, const PatientRequest& request) {
    group.connection().execute("UPDATE access_patient_request SET state = ?, outcome = ?, answer = ?, officer = ?, taken_us = ?, answered_us = ? WHERE id = ?",
                               {std::string_view(request.state), std::string_view(request.outcome), std::string_view(request.answer), request.officer,
                                to_us(request.taken), to_us(request.answered), request.id});
}

void PatientRequests::require_open(storage::Group& group, std::int64_t id) {
    auto rows = group.connection().query("SELECT 1 FROM access_patient_request WHERE id = ? AND state = 'answered'", {id});
    if (rows.next()) throw Error(ErrorKind::conflict, "patient.request_answered", "it is answered");
}

}  // namespace qiao::access
