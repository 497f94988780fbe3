#pragma once

#include "access/looks.hpp"
#include "services/consult/documents.hpp"
#include "services/consult/patient_export.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The papers that a patient takes along: one page in plain language, and the export. An institution's seal is over each, and
/// the code on the page leads to its check. Any thread; signing blocks until durable.
namespace qiao::consult {

/// Who looked, one line an institution, role and reason; the patient's own looks are not in it, nor those at cases that are
/// kept back.
struct SeenBy {
    std::int64_t organisation = 0;
    std::string role;
    std::string why;
    Instant last{};
    std::int64_t count = 0;
};
std::vector<SeenBy> seen_by(const PatientEyes& eyes, access::Looks& looks, record::Rid patient);
/// Whether the patient may be told of this look.
bool may_be_told(storage::Connection& connection, const access::Look& look);

/// What went where, who saw it, what consent holds, when it ends: Chinese and English on one page.
/// @param organisation  whose paper it is
std::string patient_page_pdf(const PatientEyes& eyes, const std::vector<SeenBy>& seen, std::int64_t organisation, const Printed& printed,
                             std::string_view reference);

/// The seal of `organisation` over the files; kept under `reference`. `meaning`: patient_page or patient_export.
access::Signature sealed(const flow::Ground& ground, std::int64_t organisation, std::string_view meaning, std::string reference,
                         const std::vector<ExportFile>& files);

}  // namespace qiao::consult
