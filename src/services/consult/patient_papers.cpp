#include "base/id.hpp"
#include "flow/routes.hpp"
#include "services/consult/patient_handlers.hpp"
#include "services/consult/patient_page.hpp"

namespace qiao::consult::patient {

namespace {

Response page_answer(const Handlers& to, const PatientEyes& eyes, record::Rid patient, std::int64_t organisation) {
    const std::string reference = new_secret();
    const Printed printed{to.zone, to.public_url()};
    std::string pdf = patient_page_pdf(eyes, seen_by(eyes, to.desk.looks, patient), organisation, printed, reference);
    sealed(to.ground(), organisation, "patient_page", reference, {{"page.pdf", "application/pdf", pdf}});
    return file_answer(std::move(pdf), "application/pdf", "inline", "records.pdf");
}

Response own_page(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    to.desk.accounts.note(asked.caller.caller.actor, asked.tie.rid, "print", "Patient", {}, "page");
    return page_answer(to, asked.eyes, asked.tie.rid, asked.tie.organisation);
}

/// For a patient without a phone, by clinical staff who have the patient in care.
Response printed_page(const Handlers& to, const Request& request) {
    const record::Caller staff = to.desk.staff(request);
    const std::string patient = "Patient/" + std::string(request.param("id"));
    const record::Rid rid = to.desk.accounts.require_care(staff, patient);
    to.desk.accounts.note(staff.actor, rid, "print", "Patient", {}, "page");
    return page_answer(to, {to.ground(), staff.filter, patient}, rid, staff.actor.organisation);
}

/// The files, the list of them with their digests, and the seal over that list.
Response export_all(const Handlers& to, const Request& request) {
    const Asked asked(to, request);
    to.desk.accounts.require_pin(asked.caller, flow::body_object(request, "pin")["pin"].text());
    std::vector<ExportFile> files = patient_export(asked.eyes, {to.zone, to.public_url()});
    const access::Signature signature = sealed(to.ground(), asked.tie.organisation, "patient_export", new_secret(), files);
    to.desk.accounts.note(asked.caller.caller.actor, asked.tie.rid, "export", "Patient", {}, "files=" + std::to_string(files.size()));
    files.push_back({"manifest.bin", "application/octet-stream", signature.manifest});
    files.push_back({"signature.der", "application/octet-stream", signature.der});
    files.push_back({"cert.pem", "application/x-pem-file", signature.certificate_pem});
    files.push_back({"authority.pem", "application/x-pem-file", signature.chain_pem});
    return file_answer(zipped(files, to.ground().clock.now()), "application/zip", "attachment", "records.zip");
}

}  // namespace

void add_papers(http::Router& router, const std::shared_ptr<const Handlers>& to) {
    router.add(Method::get, "/patient/{patient}/page.pdf", kPatient, [to](const Request& request) { return own_page(*to, request); });
    router.add(Method::post, "/patient/{patient}/export", kPatient, [to](const Request& request) { return export_all(*to, request); });
    router.add(Method::get, "/flow/patients/{id}/page.pdf", {}, [to](const Request& request) { return printed_page(*to, request); });
}

}  // namespace qiao::consult::patient
