#include "access/directory_tables.hpp"

namespace qiao::access {

void Directory::Tables::load_duties(storage::Connection& connection) {
    auto rows = connection.query("SELECT id, organisation, person, specialty, place, starts_us, ends_us FROM access_duty ORDER BY starts_us, place, id");
    while (rows.next()) {
        duties.push_back({rows.integer(0), rows.integer(1), rows.integer(2), std::string(rows.text(3)), static_cast<int>(rows.integer(4)),
                          from_us(rows.integer(5)), from_us(rows.integer(6))});
    }
}

namespace directory_rows {

void insert_duty(storage::Group& group, const Duty& duty) {
    group.connection().execute(
        "INSERT INTO access_duty(id, organisation, person, specialty, place, starts_us, ends_us) "
        "VALUES((SELECT COALESCE(MAX(id), 0) + 1 FROM access_duty), ?, ?, ?, ?, ?, ?)",
        {duty.organisation, duty.person, std::string_view(duty.specialty), std::int64_t{duty.place}, to_us(duty.starts), to_us(duty.ends)});
}

bool has_duty(storage::Group& group, std::int64_t organisation, std::int64_t duty) {
    auto rows = group.connection().query("SELECT 1 FROM access_duty WHERE id = ? AND organisation = ?", {duty, organisation});
    return rows.next();
}

void delete_duty(storage::Group& group, std::int64_t duty) { group.connection().execute("DELETE FROM access_duty WHERE id = ?", {duty}); }

void set_licence(storage::Group& group, std::int64_t person, std::string_view number, Instant ends, std::string_view languages) {
    group.connection().execute("UPDATE access_person SET licence = ?, licence_ends_us = ?, languages = ? WHERE id = ?",
                               {number, to_us(ends), languages, person});
}

}  // namespace directory_rows
}  // namespace qiao::access
