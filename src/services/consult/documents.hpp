#pragma once

#include "flow/engine.hpp"

#include <string>

/// The printed forms of a consultation: the signed opinion, and the receipt of what was sent. Any thread.
namespace qiao::consult {

/// Chinese and English in one document, made from the signed version of the Composition (0 = the newest).
/// @param base_url  before the path of the page behind the QR code
/// Error(not_found, "flow.no_opinion").
std::string opinion_pdf(const flow::Ground& ground, record::Reader& reader, const flow::Case& item, std::int64_t version, const std::string& base_url);
/// What was asked, of whom, with which consent.
std::string receipt_pdf(const flow::Ground& ground, record::Reader& reader, const flow::Case& item);

}  // namespace qiao::consult
