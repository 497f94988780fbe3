#include "services/consult/patient_export.hpp"

#include "base/freed.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <set>

namespace qiao::consult {

namespace {

using json::Value;

constexpr std::size_t kResources = 10'000;

/// Types that carry the patient as `patient`, and are the patient's to take along.
constexpr std::string_view kTypes =
    "ServiceRequest QuestionnaireResponse Observation AllergyIntolerance MedicationStatement ImagingStudy Consent Composition DiagnosticReport Media "
    "DocumentReference";

std::string bundle_of(const PatientEyes& eyes, record::Reader& reader, const std::vector<flow::Case>& shown) {
    const std::set<std::string> hidden = kept_back(eyes, shown, reader.connection());
    Value entries = Value::array();
    const auto add = [&](const record::Stored& stored) {
        if (stored.deleted || hidden.contains(stored.reference())) {
            return;
        }
        if (entries.size() >= kResources) {
            throw Error(ErrorKind::too_large, "patient.export_too_large", "too much for one file: ask the privacy officer");
        }
        entries.push(Value::object({{"fullUrl", "urn:qiao:" + stored.reference()}, {"resource", stored.value()}}));
    };
    add(reader.get(eyes.patient));
    flow::each_word(kTypes, [&](std::string_view type) {
        std::string cursor;
        do {
            const record::SearchResult page = reader.search(type, "patient=" + eyes.patient + "&_count=500" + (cursor.empty() ? "" : "&_cursor=" + cursor));
            for (const record::Match& match : page.matches) {
                add(match.resource);
            }
            cursor = page.next_cursor;
        } while (!cursor.empty());
        return true;
    });
    Value bundle = Value::object({{"resourceType", "Bundle"}, {"type", "collection"}, {"timestamp", format_instant(eyes.ground.clock.now())}});
    bundle.set("entry", std::move(entries));
    return bundle.dump();
}

using Zip = std::unique_ptr<archive, Freed<archive_write_free>>;
using Entry = std::unique_ptr<archive_entry, Freed<archive_entry_free>>;

void require(la_ssize_t result) {
    if (result < ARCHIVE_OK) {
        throw Error(ErrorKind::internal, "patient.zip", "the file cannot be packed");
    }
}

}  // namespace

std::vector<ExportFile> patient_export(const PatientEyes& eyes, const Printed& printed) {
    const std::vector<flow::Case> shown = shown_cases(eyes);
    const auto reader = eyes.ground.record.read(eyes.filter);
    std::vector<ExportFile> files;
    files.push_back({"record.json", "application/fhir+json", bundle_of(eyes, *reader, shown)});
    for (const flow::Case& item : shown) {
        if (item.notes["opinion"].is_object()) {
            files.push_back({"opinion-" + item.number + ".pdf", "application/pdf", opinion_pdf(eyes.ground, *reader, item, 0, printed)});
        }
    }
    return files;
}

std::string zipped(const std::vector<ExportFile>& files, Instant now) {
    std::size_t total = 64 * 1024;
    for (const ExportFile& file : files) {
        total += file.bytes.size() + 1024;
    }
    std::string out(total, '\0');  // deflate never makes it longer than that
    std::size_t used = 0;
    const Zip zip(archive_write_new());
    require(archive_write_set_format_zip(zip.get()));
    require(archive_write_open_memory(zip.get(), out.data(), out.size(), &used));
    for (const ExportFile& file : files) {
        const Entry entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), file.name.c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_mtime(entry.get(), to_us(now) / 1'000'000, 0);
        require(archive_write_header(zip.get(), entry.get()));
        require(archive_write_data(zip.get(), file.bytes.data(), file.bytes.size()));
    }
    require(archive_write_close(zip.get()));
    out.resize(used);
    return out;
}

}  // namespace qiao::consult
