// Real processes, a real database: slower than unit specs, still bounded.
jest.setTimeout(60_000);
