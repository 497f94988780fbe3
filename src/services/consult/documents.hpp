#pragma once

#include "flow/engine.hpp"
#include "record/extract/zone.hpp"

#include <string>

/// The printed forms of a consultation: the signed opinion, and the receipt of what was sent. Any thread.
namespace qiao::consult {

/// The centre on paper.
struct Printed {
    const record::Zone& zone;  ///< of every time
    std::string base_url;      ///< before the path of the page behind the QR code
};

/// Chinese and English in one document, made from the signed version of the Composition (0 = the newest).
/// Error(not_found, "flow.no_opinion").
std::string opinion_pdf(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, std::int64_t version, const Printed& printed);
/// What was asked, of whom, with which consent.
std::string receipt_pdf(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, const record::Zone& zone);

}  // namespace qiao::consult
