//! Starts the test application as servers or as a client: `mesh-test-app serve …`, `get …`, `tcp …`.

mod answer;
mod client;
mod fault;
mod grpc;
mod http;
mod report;
mod tcp;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The application of the cluster tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs servers until SIGTERM.
    Serve(Serve),
    /// Sends HTTP requests and reports each as a line of JSON, then a summary.
    Get(client::Get),
    /// Sends text over TCP and reports what came back.
    Tcp(tcp::Send),
    /// Prints a file.
    Cat {
        /// The file.
        file: std::path::PathBuf,
    },
}

/// The servers. An address without a host is one of every interface.
#[derive(Debug, clap::Args)]
struct Serve {
    /// HTTP/1, HTTP/2 with prior knowledge, and gRPC: echoes requests, with faults on request.
    #[arg(long, value_name = "[HOST:]PORT", value_parser = address)]
    http: Vec<SocketAddr>,
    /// TCP: echoes bytes.
    #[arg(long, value_name = "[HOST:]PORT", value_parser = address)]
    tcp: Vec<SocketAddr>,
    /// TCP: greets first, then echoes.
    #[arg(long, value_name = "[HOST:]PORT", value_parser = address)]
    speaks_first: Vec<SocketAddr>,
    /// How long to go on serving after SIGTERM, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    linger: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime
        .map_err(Failure::from)
        .and_then(|it| it.block_on(run(arguments.command)))
    {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            report::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What ends the program.
type Failure = Box<dyn std::error::Error>;

/// Whether all that was asked for succeeded.
async fn run(command: Command) -> Result<bool, Failure> {
    match command {
        Command::Serve(serve) => serve.run().await.map(|()| true),
        Command::Get(get) => get.run().await,
        Command::Tcp(send) => send.run().await,
        Command::Cat { file } => {
            report::print(&std::fs::read_to_string(file)?);
            Ok(true)
        }
    }
}

impl Serve {
    async fn run(self) -> Result<(), Failure> {
        let mut terminate = signal(SignalKind::terminate())?;
        let faults = fault::Memory::default();
        for address in self.http {
            tokio::spawn(http::serve(
                TcpListener::bind(address).await?,
                faults.clone(),
            ));
        }
        for address in self.tcp {
            tokio::spawn(tcp::serve(TcpListener::bind(address).await?, ""));
        }
        for address in self.speaks_first {
            tokio::spawn(tcp::serve(TcpListener::bind(address).await?, tcp::GREETING));
        }
        terminate.recv().await;
        tokio::time::sleep(Duration::from_millis(self.linger)).await;
        Ok(())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let whole = if text.contains(':') {
        text.to_owned()
    } else {
        format!("[::]:{text}")
    };
    whole
        .parse()
        .map_err(|_| "expected a port, or an address and a port".to_owned())
}
