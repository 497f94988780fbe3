#include "services/consult/verification.hpp"

#include "access/certificate.hpp"
#include "flow/form.hpp"

#include <fmt/format.h>

namespace qiao::consult {

using json::Value;

OpinionState state_of(access::Verdict verdict) {
    switch (verdict) {
        case access::Verdict::valid: return OpinionState::valid;
        case access::Verdict::valid_certificate_expired: return OpinionState::certificate_expired;
        case access::Verdict::altered: return OpinionState::altered;
        case access::Verdict::unknown_signer: return OpinionState::unknown_signer;
        case access::Verdict::revoked_before: return OpinionState::revoked_before;
    }
    return OpinionState::altered;
}

std::string_view code_of(OpinionState state) {
    switch (state) {
        case OpinionState::valid: return "valid";
        case OpinionState::certificate_expired: return "valid-certificate-since-expired";
        case OpinionState::amended: return "amended";
        case OpinionState::altered: return "altered";
        case OpinionState::unknown_signer: return "unknown-signer";
        case OpinionState::revoked_before: return "revoked-before";
    }
    return "altered";
}

OpinionState state_of(const flow::Ground& ground, const access::Signature& signature) {
    const OpinionState state = state_of(ground.signing.verify(signature));
    if (!is_good(state)) {
        return state;
    }
    const Result<Value> manifest = json::parse(signature.manifest);
    if (!manifest) {
        return OpinionState::altered;
    }
    bool newer = false;
    const auto reader = ground.record.read(record::ReadFilter::system("the page behind the QR code compares digests"));
    for (const Value& item : (*manifest)["items"].items()) {
        const std::string& type = item["type"].text();
        const std::string& id = item["id"].text();
        const std::int64_t version = item["version"].integer().value_or(0);
        const std::optional<record::Stored> signed_version = reader->read_version(type, id, version);
        if (!signed_version || signed_version->deleted || access::signed_item(signed_version->value(), id, version).digest != item["sha256"].text()) {
            return OpinionState::altered;
        }
        const std::optional<record::Stored> present = reader->read(type, id);
        newer = newer || !present || present->version != version;
    }
    return newer ? OpinionState::amended : state;
}

Words worth_of(const access::Origin& origin) {
    if (origin.authority == 0) {
        return {"本系统内部证书：仅证明内容未被改动。", "Internal certificate of this system: it shows integrity only."};
    }
    if (!origin.licensed) {
        return {fmt::format("证书由机构自有认证机构“{}”签发：仅证明内容未被改动。", origin.name),
                fmt::format("Certificate of an institution's own authority, {}: it shows integrity only.", origin.name)};
    }
    return {fmt::format("证书由“{}”签发，本中心登记其为依法许可的电子认证服务机构。", origin.name),
            fmt::format("Certificate issued by {}, which this centre has on file as a licensed authority.", origin.name)};
}

std::string signature_of_version(const flow::Case& item, std::int64_t version) {
    for (const Value& one : item.notes["opinion"]["versions"].items()) {
        if (one["version"].integer() == version) {
            return one["signature"].text();
        }
    }
    return {};
}

}  // namespace qiao::consult
