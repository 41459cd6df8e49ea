import { z } from 'zod';
import { type WeatherSettings } from '../../platform/config/parley-yaml';
import { defineTool } from '../define-tool';
import { ToolError } from '../tools.errors';
import { askJson, endpoint } from './ask-json';
import { conditions } from './weather-codes';

const SERVICE = 'weather service';
const DAYS = 3;
/** Places of one name that are looked at. */
const CANDIDATES = 20;

/** https://open-meteo.com/en/docs/geocoding-api; without a match there are no `results`. */
const placesAnswer = z.object({
  results: z
    .array(
      z.object({
        name: z.string(),
        latitude: z.number(),
        longitude: z.number(),
        country: z.string().nullish(),
        country_code: z.string().nullish(),
        admin1: z.string().nullish(),
      }),
    )
    .default([]),
});
type Place = z.infer<typeof placesAnswer>['results'][number];

/** https://open-meteo.com/en/docs: a value for each variable that is asked for, null where it is not known. */
const value = z
  .number()
  .nullish()
  .transform((known) => known ?? null);
const values = z.array(value);
const forecastAnswer = z.object({
  timezone: z.string(),
  current: z.object({
    time: z.string(),
    temperature_2m: value,
    apparent_temperature: value,
    relative_humidity_2m: value,
    precipitation: value,
    wind_speed_10m: value,
    weather_code: value,
  }),
  daily: z.object({
    time: z.array(z.string()),
    temperature_2m_min: values,
    temperature_2m_max: values,
    precipitation_sum: values,
    weather_code: values,
  }),
});
const CURRENT = Object.keys(forecastAnswer.shape.current.shape).filter((name) => name !== 'time');
const DAILY = Object.keys(forecastAnswer.shape.daily.shape).filter((name) => name !== 'time');

const number = z.number().nullable();
const output = z.object({
  place: z.string(),
  timezone: z.string(),
  now: z.object({
    time: z.string().describe('Local'),
    conditions: z.string().nullable(),
    temperature_c: number,
    feels_like_c: number,
    humidity_percent: number,
    precipitation_mm: number,
    wind_kmh: number,
  }),
  days: z.array(
    z.object({
      date: z.string(),
      conditions: z.string().nullable(),
      low_c: number,
      high_c: number,
      precipitation_mm: number,
    }),
  ),
});

export const weather = ({ geocoding_url, forecast_url, api_key }: WeatherSettings) =>
  defineTool({
    name: 'weather',
    description: `The weather at a place now, and the forecast for today and the ${DAYS - 1} days after it.`,
    input: z.object({ place: z.string().min(1).max(200).describe('A town, such as Paris, or Paris, Texas') }),
    output,
    sideEffects: 'reads',
    execute: async ({ place }, _, signal) => {
      const [name = '', ...within] = place.split(',').map((part) => part.trim());
      const query = { name, count: String(CANDIDATES), language: 'en', format: 'json', apikey: api_key };
      const where = endpoint(geocoding_url, 'v1/search', query);
      const { results } = await askJson(SERVICE, where, placesAnswer, {}, signal);
      const found = choose(place, results, within);
      const asked = endpoint(forecast_url, 'v1/forecast', {
        latitude: String(found.latitude),
        longitude: String(found.longitude),
        current: CURRENT.join(','),
        daily: DAILY.join(','),
        timezone: 'auto',
        forecast_days: String(DAYS),
        apikey: api_key,
      });
      return toWeather(found, await askJson(SERVICE, asked, forecastAnswer, {}, signal));
    },
  });

/** The most important of those that lie in all that was said. */
function choose(place: string, found: readonly Place[], within: readonly string[]): Place {
  const lies = ({ country, country_code, admin1 }: Place) =>
    within.every((part) => [country, country_code, admin1].some((name) => name?.toLowerCase() === part.toLowerCase()));
  const chosen = found.find(lies);
  if (chosen) return chosen;
  if (found.length === 0) throw new ToolError(`No place named '${place}' is known. Give the name of a town.`);
  throw new ToolError(`'${place}' is not known. Known are: ${found.map(nameOf).join('; ')}.`);
}

const nameOf = ({ name, admin1, country }: Place) => [name, admin1, country].filter(Boolean).join(', ');

function toWeather(place: Place, { timezone, current, daily }: z.infer<typeof forecastAnswer>): z.infer<typeof output> {
  return {
    place: nameOf(place),
    timezone,
    now: {
      time: current.time,
      conditions: conditions(current.weather_code),
      temperature_c: current.temperature_2m,
      feels_like_c: current.apparent_temperature,
      humidity_percent: current.relative_humidity_2m,
      precipitation_mm: current.precipitation,
      wind_kmh: current.wind_speed_10m,
    },
    days: daily.time.map((date, i) => ({
      date,
      conditions: conditions(daily.weather_code[i] ?? null),
      low_c: daily.temperature_2m_min[i] ?? null,
      high_c: daily.temperature_2m_max[i] ?? null,
      precipitation_mm: daily.precipitation_sum[i] ?? null,
    })),
  };
}
