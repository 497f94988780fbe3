#include "imaging/store_client.hpp"

#include "base/error.hpp"
#include "imaging/part10.hpp"
#include "imaging/transfer_syntax.hpp"

namespace qiao::imaging {
namespace {

constexpr std::string_view kVerification = "1.2.840.10008.1.1";
constexpr std::size_t kSocketBuffer_bytes = 64 * 1024;

[[noreturn]] void broken() { throw Error(ErrorKind::unavailable, "imaging.connect", "the DICOM peer broke the association"); }

}  // namespace

StoreClient::StoreClient(StoreTarget target, const std::vector<std::pair<std::string, std::string>>& kinds)
    : target_(std::move(target)), socket_(Socket::connect(target_.host, target_.port, target_.limit)) {
    Associate request;
    request.called = target_.called;
    request.calling = target_.calling;
    std::uint8_t id = 1;
    std::map<std::uint8_t, std::pair<std::string, std::string>> offered;
    for (const auto& kind : kinds) {
        offered[id] = kind;
        request.contexts.push_back({id, kind.first, {kind.second}, 0});
        id = static_cast<std::uint8_t>(id + 2);
    }
    offered[id] = {std::string(kVerification), std::string(kImplicitLittle)};
    request.contexts.push_back({id, std::string(kVerification), {std::string(kImplicitLittle)}, 0});
    send(associate_request(request));
    const auto pdu = receive();
    const auto answer = pdu.type == PduType::associate_accept ? parse_associate(pdu.body, true) : Result<Associate>(ParseError{"refused", 0});
    if (!answer) throw Error(ErrorKind::unavailable, "imaging.association_refused", "the DICOM peer refuses the association");
    for (const auto& context : answer->contexts)
        if (context.result == 0 && offered.contains(context.id)) contexts_[offered[context.id]] = context.id;
    peer_limit_bytes_ = answer->max_pdu_bytes;
}

StoreClient::~StoreClient() {
    std::string rest(kSocketBuffer_bytes, '\0');
    std::size_t got = 0;
    if (socket_.write(release_request(), std::chrono::seconds(5))) socket_.read(rest, got, std::chrono::seconds(5));
}

void StoreClient::send(std::string_view bytes) {
    if (!socket_.write(bytes, target_.limit)) broken();
}

Pdu StoreClient::receive() {
    std::string buffer(kSocketBuffer_bytes, '\0');
    for (;;) {
        const auto pdu = reader_.next();
        if (!pdu) broken();
        if (*pdu) return **pdu;
        std::size_t got = 0;
        if (socket_.read(buffer, got, target_.limit) != Socket::Read::some) broken();
        reader_.feed(std::string_view(buffer).substr(0, got));
    }
}

std::uint16_t StoreClient::exchange(std::uint8_t context, Command command, std::string_view dataset) {
    command.message_id = next_message_++;
    send(data_pdus(context, true, command_bytes(command), peer_limit_bytes_));
    if (!dataset.empty()) send(data_pdus(context, false, dataset, peer_limit_bytes_));
    std::string answer;
    for (;;) {
        const auto pdu = receive();
        const auto values = pdu.type == PduType::data ? parse_data(pdu.body) : Result<std::vector<Pdv>>(ParseError{"no data", 0});
        if (!values) broken();
        for (const auto& value : *values) {
            answer += value.bytes;
            if (!value.is_command || !value.is_last) continue;
            const auto response = parse_command(answer);
            if (!response || response->responded_id != command.message_id) broken();
            return response->status;
        }
    }
}

std::uint16_t StoreClient::echo() {
    const auto context = contexts_.find({std::string(kVerification), std::string(kImplicitLittle)});
    if (context == contexts_.end()) throw Error(ErrorKind::invalid, "imaging.no_context", "the DICOM peer does not take this kind");
    Command command;
    command.field = kEchoRequest;
    command.sop_class = kVerification;
    return exchange(context->second, command, {});
}

std::uint16_t StoreClient::store(std::string_view file) {
    const auto meta = read_file_meta(file);
    if (!meta) throw Error(ErrorKind::invalid, "imaging.not_dicom", meta.error().message);
    const auto context = contexts_.find({meta->sop_class, meta->transfer_syntax});
    if (context == contexts_.end()) throw Error(ErrorKind::invalid, "imaging.no_context", "the DICOM peer does not take this kind");
    Command command;
    command.field = kStoreRequest;
    command.sop_class = meta->sop_class;
    command.sop_instance = meta->sop_instance;
    command.dataset_type = 0x0001;
    return exchange(context->second, command, file.substr(meta->dataset_offset));
}

}  // namespace qiao::imaging
