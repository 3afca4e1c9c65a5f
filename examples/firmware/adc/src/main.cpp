// Which wave is on pin A0: a buffer of raw ADC codes goes into the network as it is. MIT licence.
#include <Arduino.h>

#include <wave.h>

static const char *const names[WAVE_CLASSES] = {"sine", "square", "triangle"};
static const unsigned long period_us = 250;  // between samples: 32 of them last 8 ms

static int16_t samples[WAVE_FEATURES];
static uint8_t workspace[WAVE_WORKSPACE];

// Waits, for a while, until the input rises through the middle, then takes the samples.
static void fill()
{
    unsigned tries = 2000;
    while (tries != 0 && analogRead(A0) >= 512) {
        tries--;
    }
    while (tries != 0 && analogRead(A0) < 512) {
        tries--;
    }
    unsigned long next = micros();
    for (size_t i = 0; i < WAVE_FEATURES; i++) {
        while ((long)(micros() - next) < 0) {
        }
        samples[i] = (int16_t)analogRead(A0);
        next += period_us;
    }
}

void setup()
{
    Serial.begin(115200);
}

void loop()
{
    int32_t wave;
    fill();
    unsigned long start = micros();
    wave_predict_in(workspace, samples, 1, &wave);
    unsigned long took = micros() - start;
    Serial.print(names[wave]);
    Serial.print(" in ");
    Serial.print(took);
    Serial.println(" us");
    delay(250);
}
