/** Of both processes: they find each other by their addresses, not by UDP broadcast, and are otherwise as Moleculer comes. */
export function brokerOptions(nodeID, port, others) {
  const urls = Object.entries(others).map(([name, other]) => `127.0.0.1:${other}/${name}`);
  return {
    nodeID,
    logger: false,
    transporter: { type: "TCP", options: { port, urls, udpDiscovery: false } },
  };
}
