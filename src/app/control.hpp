#pragma once

#include "base/json_value.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

/// `DIR/control.sock`: how a command changes the data of a running server. One JSON object a connection, answered by one.
/// Only the user who runs the server (or root) is heard.
namespace qiao::app {

/// @return the answer; Error is answered as {"error": code, "message": …}. Runs on the control thread.
using ControlHandler = std::function<json::Value(const json::Value& request)>;

class ControlServer {
public:
    /// Replaces a socket that a killed server left behind: the folder lock is already held.
    ControlServer(const std::string& data_folder, ControlHandler handler);
    ~ControlServer();  ///< stops the thread, removes the socket
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whether a server listens on `data_folder`.
bool server_runs_on(const std::string& data_folder);

/// Asks the server that runs on `data_folder`; nothing when none answers there. Throws Error(invalid) with what the server refused.
std::optional<json::Value> ask_running_server(const std::string& data_folder, const json::Value& request);

}  // namespace qiao::app
