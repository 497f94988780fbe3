#pragma once

#include "access/organisation.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

/// The tables of the directory as they are held in memory: made whole, then read by any thread. For this folder alone.
namespace qiao::access {

struct Directory::Tables {
    std::map<std::int64_t, Organisation> organisations;
    std::map<std::int64_t, Person> people;
    std::vector<Membership> memberships;  ///< by id
    std::vector<Contract> contracts;
    std::vector<Duty> duties;  ///< by start
    std::unordered_map<std::string, std::int64_t> person_of_login;
    std::unordered_map<std::string, std::int64_t> person_of_resource;
    std::unordered_map<std::string, std::int64_t> organisation_of_resource;
    std::unordered_map<std::int64_t, std::vector<std::size_t>> memberships_of_person;
    std::unordered_map<std::int64_t, std::vector<std::size_t>> memberships_at;

    static std::shared_ptr<const Tables> load(storage::Database& database);
    void load_people(storage::Connection& connection);
    void load_contracts(storage::Connection& connection);
    void load_duties(storage::Connection& connection);
};

/// Rows of the directory in the open transaction; on the writer thread.
namespace directory_rows {
void require_login_free(storage::Group& group, std::string_view login);
void insert_organisation(storage::Group& group, const NewOrganisation& input, std::string_view resource);
void set_office_approval(storage::Group& group, std::int64_t organisation, bool on);
void insert_person(storage::Group& group, const NewPerson& input, std::string_view resource);
void insert_membership(storage::Group& group, const NewMembership& input, std::string_view resource, std::int64_t granted_by);
/// Error(conflict, "access.labels_changed") when the role opens something else now.
void require_opened_labels(storage::Group& group, std::int64_t membership, std::int64_t before);
void set_opened_labels(storage::Group& group, std::int64_t membership, std::int64_t labels);
void insert_contract(storage::Group& group, const Contract& contract);
void end_contracts(storage::Group& group, const Contract& like, Instant now);  ///< the live ones of this pair and service
void end_contract(storage::Group& group, std::int64_t contract, Instant now);
void set_licence(storage::Group& group, std::int64_t person, std::string_view number, Instant ends, std::string_view languages);
void insert_duty(storage::Group& group, const Duty& duty);
bool has_duty(storage::Group& group, std::int64_t organisation, std::int64_t duty);
void delete_duty(storage::Group& group, std::int64_t duty);
void end_membership(storage::Group& group, std::int64_t membership, Instant now);
void set_person_active(storage::Group& group, std::int64_t person, bool active);
/// Role codes of the memberships that have not ended.
std::vector<std::string> roles_of(storage::Group& group, std::int64_t person, Instant now);
}  // namespace directory_rows

}  // namespace qiao::access
