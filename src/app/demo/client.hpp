#pragma once

#include "access/session.hpp"
#include "base/json_value.hpp"
#include "http/router.hpp"

#include <string>
#include <string_view>
#include <vector>

/// One invented person who uses the centre as the application does: by requests through the router, in this process. One thread.
namespace qiao::app::demo {

class Client {
public:
    Client(http::Router& router, access::Sessions& sessions, std::string_view login);

    /// Sends JSON; Error(internal, "demo.refused") with the outcome when the answer is not 2xx.
    json::Value send(http::Method method, std::string_view path, const json::Value& body = {}, std::vector<http::Header> headers = {});
    json::Value get(std::string_view path) { return send(http::Method::get, path); }
    /// The password again, which a signature needs.
    void step_up();
    /// Makes a case of `machine`. @return its id
    std::string create_case(std::string_view machine, std::string_view patient, const json::Value& input);
    /// Makes `action` on a case with `input` fields (case-api.md, part 1).
    void move(std::string_view case_id, std::string_view action, const json::Value& input = {}, std::string_view reason = {});
    /// Uploads one picture. @return its number in the case
    std::int64_t upload(std::string_view case_id, std::string_view kind, std::string_view title, std::string_view content_type, const std::string& bytes);
    [[nodiscard]] record::Caller caller();

private:
    http::Response exchange(http::Request& request);

    http::Router& router_;
    access::Sessions& sessions_;
    std::string authorization_;
};

}  // namespace qiao::app::demo
